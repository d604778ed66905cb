// The call as a picture: delay, target and jitter over time, and what was made up in each tenth of a second below.

const [WIDTH, HEIGHT, LEFT, RIGHT, TOP, MIDDLE, BOTTOM] = [960, 420, 56, 150, 48, 300, 380]

const CURVES = [
  { field: 'delayMs', name: 'delay', colour: '#1f6feb' },
  { field: 'targetMs', name: 'target', colour: '#d29922' },
  { field: 'jitterMs', name: 'jitter (RFC 3550)', colour: '#8b949e' },
]
const MADE_UP = '#da3633'

/** 1, 2 or 5 times a power of ten, so that about `count` of them make up `most`. */
const stepFor = (most, count) => {
  const power = 10 ** Math.floor(Math.log10(most / count))
  return [1, 2, 5, 10].map((step) => step * power).find((step) => most / step <= count)
}

const ticks = (most, count) => {
  const step = stepFor(most, count)
  return Array.from({ length: Math.floor(most / step) + 1 }, (_, index) => index * step)
}

const text = (x, y, words, more = '') => `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" ${more}>${words}</text>`

/** SVG of what `looks` tell. */
export const drawPicture = (looks, { loss, delayMs, jitterMs }) => {
  const end = Math.max(1000, looks.at(-1).atMs)
  const most = Math.max(50, ...looks.flatMap((look) => CURVES.map(({ field }) => look[field]))) * 1.05
  const x = (ms) => LEFT + (ms / end) * (WIDTH - LEFT - RIGHT)
  const y = (ms) => MIDDLE - (ms / most) * (MIDDLE - TOP)
  const madeUp = looks.map((look, index) => look.concealedMs - (looks[index - 1]?.concealedMs ?? 0))
  const mostMadeUp = Math.max(20, ...madeUp)
  const parts = [
    text(LEFT, 24, `A network that loses ${(loss * 100).toFixed(0)} % and takes ${delayMs} ms, and ${jitterMs} ms more on average`, 'font-size="15"'),
    ...ticks(most, 6).map((ms) => `<path d="M${LEFT} ${y(ms).toFixed(1)}H${WIDTH - RIGHT}" stroke="#8886" stroke-width="0.5"/>` +
      text(LEFT - 6, y(ms) + 4, `${ms}`, 'text-anchor="end"')),
    text(LEFT - 6, TOP - 10, 'ms', 'text-anchor="end"'),
    ...ticks(end / 1000, 10).map((s) => text(x(s * 1000), BOTTOM + 18, `${s} s`, 'text-anchor="middle"')),
    ...madeUp.map((ms, index) => {
      const height = (Math.max(0, ms) / mostMadeUp) * (BOTTOM - MIDDLE - 24)
      return height > 0 ? `<path d="M${x(looks[index].atMs).toFixed(1)} ${BOTTOM}v${(-height).toFixed(1)}" stroke="${MADE_UP}" stroke-width="3"/>` : ''
    }),
    `<path d="M${LEFT} ${BOTTOM}H${WIDTH - RIGHT}" stroke="#8888"/>`,
    text(WIDTH - RIGHT + 10, BOTTOM - 4, 'made up', `fill="${MADE_UP}"`),
    ...CURVES.map(({ field, colour }) =>
      `<polyline fill="none" stroke="${colour}" stroke-width="1.6" points="${looks.map((look) => `${x(look.atMs).toFixed(1)},${y(look[field]).toFixed(1)}`).join(' ')}"/>`),
    ...CURVES.map(({ name, colour }, index) => text(WIDTH - RIGHT + 10, TOP + 10 + index * 20, name, `fill="${colour}"`)),
  ]
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12" fill="#57606a">
<rect width="100%" height="100%" fill="#fff"/>
${parts.filter(Boolean).join('\n')}
</svg>
`
}
