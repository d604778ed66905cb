'use strict'

const assert = require('node:assert/strict')
const { join } = require('node:path')
const { isDeepStrictEqual } = require('node:util')
const { rows } = require('../compat/calls.cjs')
const { differences } = require('../compat/differences.cjs')
const { observe } = require('../compat/observe.cjs')
const record = require('../compat/record.json')
const { uncoded } = require('../compat/uncoded.cjs')

// Ours against what the real @kmamal/sdl was seen to do: `node test/compat/record.cjs PATH` writes it down anew.

const ROOT = join(__dirname, '..', '..')

/** A thousand calls, most of them on a device of their own, and some eighty processes that run to their end. */
const WHOLE_TABLE_MS = 300_000

const names = rows.map(({ name }) => name)
const listed = new Map(differences.flatMap(({ rows }) => Object.entries(rows)))

/** The first word of a row's name → its rows, but for those that differ on purpose. */
const subjects = new Map()
for (const name of names.filter((name) => !listed.has(name))) {
  const [subject] = name.split(' · ')
  if (!subjects.has(subject)) subjects.set(subject, [])
  subjects.get(subject).push(name)
}

describe('beside @kmamal/sdl', () => {
  let ours

  const isSame = (name) => isDeepStrictEqual(uncoded(ours[name], record.rows[name]), record.rows[name])

  before('performs the table', async function () {
    this.timeout(WHOLE_TABLE_MS)
    ours = await observe(ROOT)
  })

  it('has a record of every row, and of no other', () => {
    assert.deepEqual(Object.keys(record.rows), names)
  })

  it('lists as different only rows of the table, and each once', () => {
    assert.deepEqual([...listed.keys()].filter((name) => !names.includes(name)), [])
    assert.equal(listed.size, differences.flatMap(({ rows }) => Object.keys(rows)).length)
  })

  describe('does the same', () => {
    for (const [subject, ofSubject] of subjects) {
      it(`${subject} (${ofSubject.length} rows)`, () => {
        const others = ofSubject.filter((name) => !isSame(name))
        const pick = (observed) => Object.fromEntries(others.map((name) => [name, observed(name)]))
        assert.deepEqual(pick((name) => uncoded(ours[name], record.rows[name])), pick((name) => record.rows[name]))
      })
    }
  })

  describe('compares so that', () => {
    const theirs = { threw: { class: 'Error', message: 'instance is closed', fields: { id: '<id>' } } }
    const withFields = (fields) => ({ threw: { ...theirs.threw, fields } })

    it('an error of ours with a code is the same', () => {
      const coded = withFields({ id: '<id>', code: 'ERR_AUDIO_CLOSED' })
      assert.deepEqual(uncoded(coded, theirs), theirs)
      assert.deepEqual(uncoded({ returned: [1, coded] }, { returned: [1, theirs] }), { returned: [1, theirs] })
    })

    it('an error of ours without a code, or with one of somebody else, is not', () => {
      assert.notDeepEqual(uncoded(theirs, theirs), theirs)
      assert.notDeepEqual(uncoded(withFields({ id: '<id>', code: 'ENOENT' }), theirs), theirs)
    })

    it('what Node or the engine throws is the same only when nothing is added', () => {
      for (const foreign of [
        { threw: { class: 'RangeError', message: 'out of range', fields: { code: 'ERR_OUT_OF_RANGE' } } },
        { threw: { class: 'TypeError', message: 'not a function', fields: {} } },
      ]) {
        assert.deepEqual(uncoded(foreign, foreign), foreign)
        const coded = { threw: { ...foreign.threw, fields: { code: 'ERR_AUDIO_INVALID_ARG' } } }
        assert.notDeepEqual(uncoded(coded, foreign), foreign)
      }
    })
  })

  describe('differs on purpose', () => {
    for (const { because, rows } of differences) {
      it(because, () => {
        for (const [name, instead] of Object.entries(rows)) {
          assert.deepEqual(ours[name], instead, name)
          assert.ok(!isSame(name), `"${name}" no longer differs: take it off the list`)
        }
      })
    }
  })
})
