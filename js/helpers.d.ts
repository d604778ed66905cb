import type { FormatHelpers } from '../index'

export type { SdlHelpers } from './kmamal'

export const audio: FormatHelpers
