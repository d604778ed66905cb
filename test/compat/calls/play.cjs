'use strict'

const { row } = require('../row.cjs')
const { types, notBooleans } = require('./values.cjs')

// `play`, `pause` and `playing`.

const ofType = (type) => [
  row(`play · ${type} · returns`, ({ instance }) => {
    const device = instance(type)
    return [device.play(), device.playing]
  }),
  row(`play · ${type} · undefined`, ({ instance }) => {
    const device = instance(type)
    return [device.play(undefined), device.playing]
  }),
  row(`play · ${type} · true, then false`, ({ instance }) => {
    const device = instance(type)
    return [true, false].map((play) => [device.play(play), device.playing])
  }),
  row(`play · ${type} · false at first`, ({ instance }) => {
    const device = instance(type)
    return [device.play(false), device.playing]
  }),
  row(`play · ${type} · twice`, ({ instance }) => {
    const device = instance(type)
    return [device.play(), device.play(), device.playing]
  }),
  row(`pause · ${type} · returns`, ({ instance }) => {
    const device = instance(type)
    device.play()
    return [device.pause(), device.playing]
  }),
  row(`pause · ${type} · before play`, ({ instance }) => {
    const device = instance(type)
    return [device.pause(), device.playing]
  }),
  row(`pause · ${type} · twice`, ({ instance }) => {
    const device = instance(type)
    device.play()
    return [device.pause(), device.pause(), device.playing]
  }),
  row(`pause · ${type} · takes no notice of arguments`, ({ instance }) => {
    const device = instance(type)
    device.play()
    return [device.pause(true), device.playing]
  }),
  row(`play · ${type} · on and off, twenty times`, ({ instance }) => {
    const device = instance(type)
    for (let times = 0; times < 20; times++) {
      device.play()
      device.pause()
    }
    return device.playing
  }),
  ...notBooleans.flatMap(([label, value]) => [
    row(`play · ${type} · ${label}`, ({ instance, attempt }) => {
      const device = instance(type)
      return [attempt(() => device.play(value)), device.playing]
    }),
  ]),
  row(`play · ${type} · an error leaves it playing`, ({ instance, attempt }) => {
    const device = instance(type)
    device.play()
    return [attempt(() => device.play('no')), device.playing]
  }),
  row(`play · ${type} · makes no event`, ({ instance, listener }) => {
    const device = instance(type)
    device.on('*', listener('*'))
    device.play()
    device.pause()
    device.clearQueue()
  }),
]

module.exports = types.flatMap(ofType)
