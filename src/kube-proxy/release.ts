/**
 * What kube-proxy did in which release, as far as rules show it.
 *
 * @module
 */

/** Oldest first. */
export const RELEASES = ['1.30', '1.31', '1.32', '1.33', '1.34', '1.35', '1.36', '1.37'] as const

export type Release = (typeof RELEASES)[number]

export const NEWEST_RELEASE: Release = '1.37'

/** Whether `release` is `first` or newer. */
export function isSince(release: Release, first: Release): boolean {
  return RELEASES.indexOf(release) >= RELEASES.indexOf(first)
}
