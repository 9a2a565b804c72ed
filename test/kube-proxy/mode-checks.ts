/** What the checks of single differences between modes share. */
import type { Test } from 'tap'
import { endpoint, service, slice } from './objects.ts'

/** By code: first objects and settings to which the difference applies, with what each mode writes, then some to which it does not. */
export type Checks = Readonly<Record<string, (t: Test, code: string) => void>>

export const HERE = endpoint('10.244.1.2')
export const THERE = endpoint('10.244.2.2', 'node-2')
export const HERE_TEXT = '10.244.1.2:8080'
export const THERE_TEXT = '10.244.2.2:8080'
export const PLAIN = [service(), slice([HERE])]

/** Every line that holds all of `parts`. */
export function linesWith(lines: readonly string[], ...parts: readonly string[]): readonly string[] {
  return lines.filter(line => parts.every(part => line.includes(part)))
}

/** Whether some line holds all of `parts`. */
export function has(lines: readonly string[], ...parts: readonly string[]): boolean {
  return linesWith(lines, ...parts).length > 0
}
