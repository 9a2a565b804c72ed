import type { NftType } from './rule.ts'

/** The type of each part of a value; `undefined` stands for any. */
export type PartTypes = readonly (NftType | undefined)[]
