'use strict'

// Rows of the table. A row has a name that stays, and acts on the stage that it is given (`stage.cjs`).

/** A row that shares a process with others; what it opens is closed after it. */
const row = (name, run) => ({ name, run })

/** A row with a process of its own, in an empty directory: its notes, and how the process ends, are part of what is seen. */
const alone = (name, run, driver = 'dummy', env = {}) => ({ name, run, alone: true, env: { ...env, SDL_AUDIODRIVER: driver } })

module.exports = { row, alone }
