// Main thread. The picture of `loopback`: for every period its round trips as dots, and a histogram of the callbacks' intervals.
import { quantile } from './loopback-measure.mjs'
import { ms } from './text.mjs'

const WIDTH = 760
const MARGIN = 16
const LABELS = 84
const TRIPS = { left: MARGIN + LABELS, width: 290 }
const INTERVALS = { left: TRIPS.left + TRIPS.width + 40, width: WIDTH - MARGIN - (TRIPS.left + TRIPS.width + 40) }
const TOP = 56
const ROW = 110
const PLOT = 64
const INK = '#1f2933'
const SOFT = '#7b8794'
const LINE = '#cbd2d9'
const DOT = '#2563eb'
const BAR = '#0d9488'

const escaped = (text) => text.replace(/[&<>]/g, (sign) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' })[sign])
const number = (value) => Number(value.toFixed(1))
const tag = (name, attributes, inner) => {
  const written = Object.entries(attributes).map(([key, value]) => ` ${key}="${typeof value === 'number' ? number(value) : value}"`).join('')
  return inner === undefined ? `<${name}${written}/>` : `<${name}${written}>${inner}</${name}>`
}
const text = (x, y, content, { size = 12, fill = INK, anchor = 'start', weight = 400 } = {}) =>
  tag('text', { x, y, 'font-size': size, fill, 'text-anchor': anchor, 'font-weight': weight }, escaped(content))
const line = (x1, y1, x2, y2, stroke = LINE) => tag('line', { x1, y1, x2, y2, stroke })

/** A round number at or above `value`. */
const roundUp = (value) => {
  const unit = 10 ** Math.floor(Math.log10(value))
  return [1, 1.5, 2, 3, 4, 5, 6, 8, 10].map((step) => step * unit).find((step) => step >= value)
}

/** Dots are spread over the height in the order of their probes. */
const trips = ({ roundTripMs }, top, mostMs) => {
  const x = (value) => TRIPS.left + (value / mostMs) * TRIPS.width
  if (roundTripMs.length === 0) return [text(TRIPS.left + 8, top + PLOT / 2, 'not heard', { fill: SOFT })]
  const median = quantile(roundTripMs, 0.5)
  const isRight = x(median) > TRIPS.left + TRIPS.width / 2
  return [
    ...roundTripMs.map((value, probe) => {
      const cy = top + 18 + ((probe + 0.5) / roundTripMs.length) * (PLOT - 22)
      return tag('circle', { cx: x(value), cy, r: 2.5, fill: DOT, 'fill-opacity': 0.5 })
    }),
    line(x(median), top + 14, x(median), top + PLOT, DOT),
    text(x(median) + (isRight ? -4 : 4), top + 10, `median ${ms(median)} ms`, { fill: DOT, anchor: isRight ? 'end' : 'start', weight: 600 }),
  ]
}

/** The height is the logarithm of the count: one late callback among thousands shall be seen. */
const histogram = ({ intervals, intervalUs, periodFrames, obtained }, top) => {
  const expectedMs = (periodFrames * 1000) / obtained.frequency
  const mostMs = roundUp(Math.max(2 * expectedMs, intervalUs.max / 1000))
  const mostCount = Math.max(1, ...intervals.map(([,, count]) => count))
  const x = (value) => INTERVALS.left + (Math.min(value, mostMs) / mostMs) * INTERVALS.width
  const height = (count) => (Math.log10(count + 1) / Math.log10(mostCount + 1)) * (PLOT - 16)
  return [
    ...intervals.map(([fromUs, toUs, count]) => {
      const [left, right] = [x(fromUs / 1000), x(toUs / 1000)]
      return tag('rect', { x: left, y: top + PLOT - height(count), width: Math.max(1, right - left - 0.5), height: height(count), fill: BAR })
    }),
    line(x(expectedMs), top + 4, x(expectedMs), top + PLOT, INK),
    text(INTERVALS.left + INTERVALS.width, top + 10, `period ${ms(expectedMs)}, 99 % ${ms(intervalUs.p99 / 1000)}, longest ${ms(intervalUs.max / 1000)} ms`,
      { size: 10, fill: SOFT, anchor: 'end' }),
    ...axis(INTERVALS, top, mostMs),
  ]
}

const axis = ({ left, width }, top, most) => [
  line(left, top + PLOT, left + width, top + PLOT),
  ...[0, 0.5, 1].map((share) => text(left + share * width, top + PLOT + 14, `${Number((share * most).toPrecision(2))} ms`,
    { size: 10, fill: SOFT, anchor: share === 0 ? 'start' : share === 1 ? 'end' : 'middle' })),
]

/** `results`: one per period, as `measureLoopback` gives them. Returns the text of an SVG file. */
export const loopbackPicture = (results) => {
  const mostMs = roundUp(Math.max(1, ...results.flatMap(({ roundTripMs }) => roundTripMs)) * 1.05)
  const height = TOP + results.length * ROW + MARGIN
  const { driver, frequency } = results[0].obtained
  const rows = results.flatMap((result, index) => {
    const top = TOP + index * ROW
    return [
      text(MARGIN, top + 30, String(result.periodFrames), { size: 20, weight: 600 }),
      text(MARGIN, top + 46, 'frames a period', { size: 10, fill: SOFT }),
      ...trips(result, top, mostMs),
      ...axis(TRIPS, top, mostMs),
      ...histogram(result, top),
    ]
  })
  const shape = { xmlns: 'http://www.w3.org/2000/svg', viewBox: `0 0 ${WIDTH} ${height}`, width: WIDTH, height, 'font-family': 'system-ui, Helvetica, Arial, sans-serif' }
  return `${tag('svg', shape, [
    tag('title', {}, 'Round trip and callback intervals'),
    tag('rect', { width: WIDTH, height, fill: '#ffffff' }),
    text(TRIPS.left, 24, 'Round trip of a click', { size: 14, weight: 600 }),
    text(TRIPS.left, 40, `${driver}, ${frequency} Hz, ${results[0].roundTripMs.length} probes each`, { size: 10, fill: SOFT }),
    text(INTERVALS.left, 24, 'Intervals of the callbacks', { size: 14, weight: 600 }),
    text(INTERVALS.left, 40, 'height: logarithm of how many', { size: 10, fill: SOFT }),
    ...rows,
  ].join('\n'))}\n`
}
