'use strict'

// What ours adds to the errors of the peer: a code. Taken off, the rest must be what the peer does.

const CODE = /^ERR_AUDIO_[A-Z_]+$/

const isObject = (value) => typeof value === 'object' && value !== null

/** Whether the peer threw this itself: what comes from Node, from the engine or from a listener is passed on as it is. */
const isItsOwn = (theirs) => theirs?.class === 'Error' && theirs.fields.code === undefined

/** An error of ours as the peer would have thrown it; one without a code of ours keeps a mark by which it differs. */
const uncodedError = ({ class: kind, message, fields: { code = 'no code', ...fields } }) => ({
  class: kind,
  message,
  fields: CODE.test(code) ? fields : { ...fields, code },
})

/** An observation of ours without its codes, wherever `theirs` beside it has an error of its own. */
const uncoded = (ours, theirs) => {
  if (Array.isArray(ours)) return ours.map((held, at) => uncoded(held, theirs?.[at]))
  if (!isObject(ours)) return ours
  return Object.fromEntries(Object.entries(ours).map(([key, held]) => [
    key,
    key === 'threw' && isObject(held) && isItsOwn(theirs?.threw) ? uncodedError(held) : uncoded(held, theirs?.[key]),
  ]))
}

module.exports = { uncoded }
