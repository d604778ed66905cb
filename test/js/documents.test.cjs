'use strict'

const assert = require('node:assert/strict')
const { spawnSync } = require('node:child_process')
const fs = require('node:fs')
const path = require('node:path')
const ts = require('typescript')
const { run, PATIENCE_MS } = require('./studio.cjs')
const { COMMANDS } = require('./cli.cjs')
const { GIVEN, ROOT, blocksOf, documents } = require('./documents.cjs')

const { scripts } = require('../../package.json')
/** Below the package's own folder, so that its name means it, as it would where it is installed. */
const SCRATCH = path.join(ROOT, 'target', 'documents')
const DIALECTS = { js: 'js', ts: 'ts' }
const REQUIRE = "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url)"

const isModule = (code) => /^(?:import|export|await)\b|^(?:const|let) .*= await\b|^ *for await/m.test(code)

const complaintsOf = ({ code, language }) =>
  ts.transpileModule(code, { reportDiagnostics: true, fileName: `block.${DIALECTS[language]}`, compilerOptions: { allowJs: true, target: ts.ScriptTarget.ESNext, module: ts.ModuleKind.ESNext } })
    .diagnostics.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'))

/** What a block says of how it is run: `{ endMs, given }`. */
const readDetail = (detail) => {
  const [, ms, given = ''] = detail.match(/^(?:(\d+) ms)?(?:,? ?given (.*))?$/) ?? assert.fail(`what does "run: ${detail}" mean?`)
  return { endMs: ms && Number(ms), given: given.split(' ').filter(Boolean) }
}

/** Checks that a command of ours, in a shell block, is one. */
const checkCommand = async (line) => {
  const [, words] = line.match(/npx sdl-callback-audio (.*?)(?: >.*)?$/) ?? []
  if (words !== undefined) {
    const [name, ...rest] = words.split(/\s+/)
    assert.ok(COMMANDS.includes(name), line)
    const { interpret } = await import('../../js/cli/arguments.mjs')
    const { spec } = await import(`../../js/cli/${name}.mjs`)
    interpret(spec, rest)
  }
  const [, script] = line.match(/\bnpm run (?:-s )?([\w:]+)/) ?? []
  if (script) assert.ok(scripts[script], line)
  const [, file] = line.match(/\bnode ((?:examples|test|js)\/\S+)/) ?? []
  if (file) assert.ok(fs.existsSync(path.join(ROOT, file)), line)
}

const CHECKS = {
  js: (block) => assert.deepEqual(complaintsOf(block), []),
  ts: (block) => assert.deepEqual(complaintsOf(block), []),
  json: ({ code }) => { JSON.parse(code.trim().startsWith('{') ? code : `{${code}}`) },
  sh: async ({ code }) => {
    assert.equal(spawnSync('sh', ['-n'], { input: code }).status, 0)
    for (const line of code.split('\n')) await checkCommand(line.replace(/ *#.*/, ''))
  },
}

for (const document of documents()) {
  describe(document, function () {
    this.timeout(PATIENCE_MS)
    const blocks = blocksOf(document)
    const folder = path.join(SCRATCH, path.basename(document, '.md'))

    before(() => {
      fs.rmSync(folder, { recursive: true, force: true })
      fs.mkdirSync(folder, { recursive: true })
      for (const { mark, detail, code } of blocks) if (mark === 'file') fs.writeFileSync(path.join(folder, detail), code)
    })
    after(() => fs.rmSync(folder, { recursive: true, force: true }))

    for (const block of blocks) {
      it(`line ${block.line}: its ${block.language} can be read`, () => {
        assert.ok(CHECKS[block.language], `no test reads ${block.language}`)
        return CHECKS[block.language](block)
      })
      if (block.mark !== 'run') continue
      it(`line ${block.line}: runs`, async () => {
        const { endMs, given } = readDetail(block.detail)
        const asModule = given.length > 0 || isModule(block.code)
        const prelude = asModule ? [/\brequire\(/.test(block.code) ? REQUIRE : '', ...given.map((name) => GIVEN[name])].join('; ') : ''
        const file = path.join(folder, `block-${block.line}.${asModule ? 'mjs' : 'cjs'}`)
        fs.writeFileSync(file, `${prelude}\n${block.code}`)
        const begun = (child) => endMs && setTimeout(() => child.kill('SIGKILL'), endMs + 500)
        const { code, signal, stderr } = await run(file, { driver: 'dummy', begun, cwd: folder })
        assert.equal(stderr, '')
        assert.deepEqual([code, signal], endMs && signal ? [null, 'SIGKILL'] : [0, null])
      })
    }

    it('links to what is there', () => {
      const text = fs.readFileSync(path.join(ROOT, document), 'utf8')
      for (const [, link] of text.matchAll(/\]\((?!https?:)([^)\s]*)\)/g)) {
        const [file, anchor] = link.split('#')
        const target = file ? path.join(ROOT, path.dirname(document), file) : path.join(ROOT, document)
        assert.ok(fs.existsSync(target), link)
        if (!anchor) continue
        const anchors = [...fs.readFileSync(target, 'utf8').matchAll(/^#+ (.*)$/gm)].map(([, title]) => title.toLowerCase().replace(/[^\w -]/g, '').replaceAll(' ', '-'))
        assert.ok(anchors.includes(anchor), `${link}: ${anchors}`)
      }
    })
  })
}
