// Writes the licences of all that is linked into the native part, ours first: they go with every binary.
// usage: node .ci/licences.mjs FILE     needs cargo, and the sources of the crates (cargo fetch)
import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const LICENCE = /^(licen[cs]e|copying|notice|unlicense)/i
/** Sources in C that crates bring along in folders of their own. */
const BROUGHT_ALONG = { 'sdl2-sys': ['SDL'], 'opusic-sys': ['opus'] }

const { packages, resolve } = JSON.parse(execFileSync('cargo', ['metadata', '--format-version', '1', '--locked'], { cwd: ROOT, maxBuffer: 2 ** 28 }))
const byId = new Map(packages.map((crate) => [crate.id, crate]))
const nodes = new Map(resolve.nodes.map((node) => [node.id, node]))

/** What the crate `id` links, and what that links; neither what builds it nor what tests it. */
const linked = (id, found = new Set()) => {
  if (found.has(id)) return found
  found.add(id)
  for (const { pkg, dep_kinds: kinds } of nodes.get(id).deps) {
    if (kinds.some(({ kind }) => kind === null)) linked(pkg, found)
  }
  return found
}

const licencesIn = (folder) => {
  if (!fs.existsSync(folder)) return []
  const names = fs.readdirSync(folder).filter((name) => LICENCE.test(name) && fs.statSync(path.join(folder, name)).isFile())
  return names.sort().map((name) => fs.readFileSync(path.join(folder, name), 'utf8').trim())
}

/** text → who is under it */
const texts = new Map()
const missing = []
for (const id of [...linked(resolve.root)].filter((id) => id !== resolve.root)) {
  const { name, version, license, manifest_path: manifest } = byId.get(id)
  const folder = path.dirname(manifest)
  const own = licencesIn(folder)
  const found = [...own, ...(BROUGHT_ALONG[name] ?? []).flatMap((inner) => licencesIn(path.join(folder, inner)))]
  for (const text of found) texts.set(text, (texts.get(text) ?? new Set()).add(`${name} ${version}`))
  if (found.length === 0 && !folder.startsWith(ROOT)) missing.push(`${name} ${version} (${license})`)
}

const line = '-'.repeat(80)
const parts = [
  fs.readFileSync(path.join(ROOT, 'LICENSE'), 'utf8').trim(),
  'The binary also holds, linked into it, what follows; each under the licence that stands below its name.',
  ...[...texts].map(([text, names]) => `${[...names].join(', ')}\n\n${text}`),
  ...(missing.length > 0 ? [`Without a licence file of their own:\n${missing.join('\n')}`] : []),
]
fs.writeFileSync(process.argv[2], `${parts.join(`\n\n${line}\n\n`)}\n`)
console.log(`${process.argv[2]}: ${texts.size} licences${missing.length > 0 ? `; without a file: ${missing.join(', ')}` : ''}`)
