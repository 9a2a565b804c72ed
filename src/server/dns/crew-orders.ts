/**
 * What a crew and its members tell each other.
 *
 * @module
 */
import type { ZoneMakings, ZoneUpdate } from '../../dns/zone-change.ts'
import type { Endpoint } from './endpoint.ts'
import type { DnsServerOptions } from './server.ts'

/** To a member. */
export type Order =
  | {
      readonly kind: 'start'
      readonly makings: ZoneMakings
      readonly server: Omit<DnsServerOptions, 'observe'>
      /** For the program that the member is. */
      readonly wishes: unknown
    }
  | { readonly kind: 'update'; readonly update: ZoneUpdate }
  | { readonly kind: 'stop' }

/** From a member. */
export type Report =
  /** Orders that are given before are lost. */
  | { readonly kind: 'ready' }
  | { readonly kind: 'listening'; readonly endpoints: readonly Endpoint[] }
  | { readonly kind: 'refused'; readonly message: string }
