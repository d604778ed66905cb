import type { FormatHelpers } from '../index.js'

export type { SdlHelpers } from './kmamal.js'

export const audio: FormatHelpers
declare const helpers: { readonly audio: FormatHelpers }
export default helpers
