/**
 * How nodes behave and whose names are meant: options that `render`, `trace` and `lab` read alike.
 *
 * @module
 */
import type { Family } from '../base/ip.ts'
import { DEFAULT_FEATURES, type HostOptions } from '../cluster/host-state.ts'
import { RELEASES } from '../kube-proxy/release.ts'
import type { Given, Option } from './command.ts'

export const RELEASE: Option = {
  name: 'release',
  value: 'VERSION',
  help: `behave as that Kubernetes: ${RELEASES.join(', ')}`,
  default: String(RELEASES.at(-1)),
}

/** @throws {UsageError} */
export function hostOptionsOf(given: Given): HostOptions {
  const release = given.choice('release', RELEASES)
  return { ...(release ? { release } : {}), features: DEFAULT_FEATURES }
}

/** Of labs and traces: how packets find their way there from outside. */
export function viaOf(given: Given): { readonly via?: string } {
  const via = given.text('via')
  return via === undefined ? {} : { via }
}

/** How the names of senders and receivers are read. */
export interface Naming {
  /** Of objects that are named without one. */
  readonly namespace: string
  /** Of addresses where there are both. */
  readonly family: Family
}

const FAMILY = ['4', '6'] as const

/** @throws {UsageError} */
export function namingOf(given: Given): Naming {
  return {
    namespace: given.text('namespace') ?? 'default',
    family: given.choice('family', FAMILY) === '6' ? 6 : 4,
  }
}
