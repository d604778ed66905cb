'use strict'

const { invalid } = require('./errors.cjs')

// Names of options: what stands nearly, or in other words, where one of ours is missing. Any other name is left alone, as
// @kmamal/sdl does.

/** What others call an option of ours. */
const OTHER_WORDS = new Map([['sampleRate', 'frequency']])
const NO_OTHER_WORDS = new Map()

/** Whether one edit, two in long names, makes `word` of `name`; letters count whatever their case. */
const isNearly = (word, name) => {
  const most = name.length > 8 ? 2 : 1
  if (Math.abs(word.length - name.length) > most) return false
  const [from, to] = [word.toLowerCase(), name.toLowerCase()]
  let row = Array.from({ length: to.length + 1 }, (_, index) => index)
  for (let at = 0; at < from.length; at++) {
    const next = [at + 1]
    for (let index = 0; index < to.length; index++) {
      next.push(Math.min(row[index] + (from[at] === to[index] ? 0 : 1), row[index + 1] + 1, next[index] + 1))
    }
    row = next
  }
  return row[to.length] <= most
}

/** The one of `names` that `word` is meant for, if any. */
const meantBy = (word, names, otherWords) => names.find((name) => otherWords.get(word) === name || isNearly(word, name))

/**
 * Refuses what is meant for one of `names` that is not there itself. `otherWords`: none for options that are not all ours. Runs for
 * every packet, and makes no garbage where all names are right.
 */
const checkNames = (options, names, otherWords = OTHER_WORDS) => {
  for (const word in options) {
    if (names.includes(word)) continue
    const meant = meantBy(word, names, otherWords)
    if (meant && options[word] !== undefined && options[meant] === undefined) {
      throw invalid(`Expected the option ${meant} but received ${word}`, { [word]: options[word] })
    }
  }
}

module.exports = { NO_OTHER_WORDS, checkNames }
