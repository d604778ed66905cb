'use strict'

const native = require('./binding.cjs')
const { bytesOf, checkBytes, checkKeyBytes } = require('./check.cjs')
const { codedError } = require('./errors.cjs')
const { Owned, slotOf } = require('./owned.cjs')

const { aesApply, aesStreamApply } = native

const IV_BYTES = 16

const checkIv = (iv) => {
  checkKeyBytes('iv', iv)
  if (iv.length !== IV_BYTES) {
    throw codedError('IV_LENGTH', `Expected an iv of ${IV_BYTES} bytes but received ${iv.length}`, { length: iv.length })
  }
}

class AesCtr extends Owned {
  constructor (key) {
    checkKeyBytes('key', key)
    super(native.newAesKey(key), native.closeAesKey)
  }

  apply (data, iv) {
    const slot = slotOf(this)
    const bytes = bytesOf('data', data)
    checkBytes('iv', iv)
    aesApply(slot, bytes, iv)
    return data
  }

  encrypt (data, iv) {
    slotOf(this)
    return this.apply(Buffer.from(bytesOf('data', data)), iv)
  }

  decrypt (data, iv) {
    return this.encrypt(data, iv)
  }

  stream (iv) {
    const slot = slotOf(this)
    checkIv(iv)
    return new AesCtrStream(native.newAesStream(slot, iv), native.closeAesStream)
  }
}

class AesCtrStream extends Owned {
  apply (data) {
    const slot = slotOf(this)
    aesStreamApply(slot, bytesOf('data', data))
    return data
  }

  encrypt (data) {
    slotOf(this)
    return this.apply(Buffer.from(bytesOf('data', data)))
  }

  decrypt (data) {
    return this.encrypt(data)
  }
}

module.exports = { AesCtr }
