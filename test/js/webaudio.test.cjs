'use strict'
// webaudio-node from npm, unmodified, over a real audio server: a tone on the left, the microphone on the right.

const assert = require('node:assert/strict')
const { listen } = require('../webaudio/listen.cjs')
const { NEWEST_NODE, projectFor, nodeOf } = require('../webaudio/projects.cjs')

const UNBROKEN_TONE = { level: 0.25, gapMs: 0, splices: [] }
const UNBROKEN_VOICE = { level: 0.5, gapMs: 0, splices: [] }
const HALF_OF_EVERY_SECOND = 500
const BLOCK_MS = 512 / 48

const rounded = ({ level, ...judged }) => ({ level: Math.round(level * 100) / 100, ...judged })

function assertEndedWell ({ status, signal, complaints }) {
  assert.deepEqual({ status, signal, complaints }, { status: 0, signal: null, complaints: '' })
}

/**
 * webaudio-node keeps the microphone in a ring of its own, which starts empty and finds its depth by running dry: the timers
 * of a busy thread may make it do so once more, by one block. What our device lost would be in its counters, and is not.
 */
function assertSteady (voice) {
  assert.equal(voice.level, UNBROKEN_VOICE.level)
  assert.ok(voice.gapMs <= BLOCK_MS && voice.splices.length <= 2, JSON.stringify(voice))
}

function assertUnbroken (heard) {
  assertEndedWell(heard)
  assert.deepEqual(rounded(heard.tone), UNBROKEN_TONE)
  assertSteady(rounded(heard.voice))
  assert.equal(heard.counters.playback.underrunFrames, 0)
  assert.equal(heard.counters.recording.overrunFrames, 0)
}

describe('webaudio-node', function () {
  this.timeout(300_000)
  // A private server that is not a real-time process loses sound by itself when others keep the processors from it.
  this.retries(3)

  const ways = {
    'via-register': 'with setSdl, after sdl-callback-audio/register',
    'via-override': 'with "overrides" in package.json',
  }
  for (const [way, title] of Object.entries(ways)) {
    for (const node of [20, NEWEST_NODE]) {
      describe(`${title}, on Node ${node}`, function () {
        before(function () {
          projectFor(way)
          nodeOf(node)
        })

        it('plays and hears on the main thread', async function () {
          assertUnbroken(await listen({ way, node, thread: 'main', blockMs: 0, seconds: 2 }))
        })

        it('plays and hears in a worker without a gap or a splice while the main thread is blocked', async function () {
          assertUnbroken(await listen({ way, node, thread: 'worker', blockMs: HALF_OF_EVERY_SECOND, seconds: 10 }))
        })
      })
    }
  }

  it('plays on the main thread with setSdl alone where @kmamal/sdl can be loaded', async function () {
    assertUnbroken(await listen({ way: 'via-set-sdl', node: 20, thread: 'main', blockMs: 0, seconds: 2 }))
  })

  it('is counted, gap for gap, when the blocked thread is the one that renders', async function () {
    const heard = await listen({ way: 'via-override', node: 20, thread: 'main', blockMs: HALF_OF_EVERY_SECOND, seconds: 10 })
    assertEndedWell(heard)
    const { underruns, underrunFrames } = heard.counters.playback
    const countedMs = underrunFrames / 48
    assert.ok(heard.tone.gapMs > 1000, `heard ${heard.tone.gapMs} ms of gaps`)
    // Counted from the beginning, heard since the warm-up; of each gap, a few ms are filled by the fade.
    assert.ok(countedMs >= heard.tone.gapMs, `heard ${heard.tone.gapMs} ms, counted ${countedMs} ms`)
    assert.ok(underruns >= 10, `${underruns} underruns in 10 s`)
  })
})
