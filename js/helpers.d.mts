import type { FormatHelpers } from '../index.js'

export const audio: FormatHelpers
declare const helpers: { readonly audio: FormatHelpers }
export default helpers
