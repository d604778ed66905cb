import type { FormatHelpers } from '../index'

export const audio: FormatHelpers
