// Main thread. Files that a command reads or writes: what is wrong with one, in a sentence, under the code that Node gave it.
import fs from 'node:fs'
import path from 'node:path'

const FOLDER = 'EISDIR'

const sentence = ({ code, message }, file, { kind, isRead }) => {
  const cannot = `${file} cannot be ${isRead ? 'read' : 'written'}`
  switch (code) {
    case 'ENOENT': return isRead ? `no such file: ${file}` : `${cannot}: there is no folder ${path.dirname(file)}`
    case 'ENOTDIR': return `${cannot}: ${path.dirname(file)} is no folder`
    case FOLDER: return `${file} is a folder: expected ${kind}`
    case 'EACCES': case 'EPERM': return `${cannot}: this user may not`
    case 'EROFS': return `${cannot}: what it lies on is read-only`
    case 'ENOSPC': return `${cannot}: no space is left`
    default: return `${cannot}: ${message}`
  }
}

/** Runs `act`, which reads or writes `file`; what it throws says what is wrong with the file. `kind`: what was expected, 'a WAV file'. */
const explaining = (file, what, act) => {
  try {
    return act()
  } catch (error) {
    throw Object.assign(new Error(sentence(error, file, what), { cause: error }), { code: error.code })
  }
}

export const reading = (file, kind, act) => explaining(file, { kind, isRead: true }, act)
export const writing = (file, kind, act) => explaining(file, { kind, isRead: false }, act)

const refuseFolder = (stat) => {
  if (stat?.isDirectory()) throw Object.assign(new Error('a folder'), { code: FOLDER })
}

/** What is known of a file that is to be read. */
export const statOf = (file, kind) =>
  reading(file, kind, () => {
    const stat = fs.statSync(file)
    refuseFolder(stat)
    fs.accessSync(file, fs.constants.R_OK)
    return stat
  })

/** Throws if `file` could not be written; makes none. */
export const checkWritable = (file, kind) =>
  writing(file, kind, () => {
    const stat = fs.statSync(file, { throwIfNoEntry: false })
    refuseFolder(stat)
    fs.accessSync(stat ? file : `${path.dirname(file)}/.`, fs.constants.W_OK)
  })
