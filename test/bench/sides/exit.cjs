'use strict'
// exit.cjs SITUATION ENDING: starts a process that gets into SITUATION and ends by ENDING; prints how long the end took. Where
// the process takes that time itself (a worker's end, a loss), it says so on its own.

const { spawn } = require('node:child_process')
const path = require('node:path')

const PATIENCE_MS = 30_000
const nowMs = () => performance.timeOrigin + performance.now()

const [situation, ending] = process.argv.slice(2)
const child = spawn(process.execPath, [path.join(__dirname, 'exit-ending.cjs'), situation, ending], { stdio: ['ignore', 'pipe', 'inherit'] })
const patience = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS)
let said = ''
let beganMs
child.stdout.on('data', (text) => {
  said += text
  if (ending === 'SIGINT' && beganMs === undefined && said.includes('ready')) {
    beganMs = nowMs()
    child.kill('SIGINT')
  }
})
child.once('exit', () => {
  const endedMs = nowMs()
  child.once('close', () => {
    clearTimeout(patience)
    const [, took] = said.match(/took (\S+)/) ?? []
    beganMs ??= Number(said.match(/ending (\S+)/)?.[1])
    console.log(JSON.stringify({ ms: took === undefined ? endedMs - beganMs : Number(took) }))
  })
})
