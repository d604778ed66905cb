import helpers from './helpers.cjs'

export const { audio } = helpers
export default helpers
