/**
 * Time, as an argument.
 *
 * Nothing below the top rung reads a clock; it is told what time it is.
 *
 * @module
 */

/** Milliseconds since 1970-01-01T00:00:00Z. */
export type Millis = number

/** A span of time in whole seconds. */
export type Seconds = number

/** Where the time comes from. */
export type Clock = () => Millis

/** The form the Kubernetes API gives a time: RFC 3339, UTC, whole seconds. */
export function formatTime(time: Millis): string {
  return `${new Date(time).toISOString().slice(0, 19)}Z`
}
