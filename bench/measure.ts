/** Spans of time and of processors' work, and processes of their own to measure them in. */
import { execFileSync } from 'node:child_process'
import { cpuUsage, execPath } from 'node:process'
import { fileURLToPath } from 'node:url'

export interface Span {
  /** Milliseconds that passed, and that processors worked. */
  readonly wall: number
  readonly cpu: number
}

export function measure(work: () => void): Span {
  const cpuBefore = cpuUsage()
  const before = performance.now()
  work()
  const wall = performance.now() - before
  const { user, system } = cpuUsage(cpuBefore)
  return { wall, cpu: (user + system) / 1000 }
}

export function best(spans: readonly Span[]): Span {
  return { wall: Math.min(...spans.map(({ wall }) => wall)), cpu: Math.min(...spans.map(({ cpu }) => cpu)) }
}

export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN
}

/** What the program at `url` writes as JSON when it is called with these words. */
export function inOwnProcess<T>(url: string, ...words: readonly string[]): T {
  return JSON.parse(execFileSync(execPath, ['--expose-gc', fileURLToPath(url), ...words], { encoding: 'utf8' })) as T
}

export function ms(value: number): string {
  return `${value < 10 ? value.toFixed(2) : Math.round(value)} ms`
}

export function span({ wall, cpu }: Span): string {
  return `${ms(wall)} wall, ${ms(cpu)} CPU`
}
