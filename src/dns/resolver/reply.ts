/**
 * What comes back when a name server is asked.
 *
 * @module
 */
import type { Name } from '../name.ts'
import type { ResourceRecord } from '../record.ts'

export interface Answered {
  readonly kind: 'answer'
  readonly rcode: number
  /** Of the answer section. */
  readonly records: readonly ResourceRecord[]
  readonly authority: readonly ResourceRecord[]
  /** Octets of the whole message, without EDNS. */
  readonly octets: number
  /** The records lead to this name, of which only somebody outside knows more. */
  readonly beyond?: Name
}

export type Reply =
  | Answered
  /** Somebody outside of the cluster answers; what, is not known here. */
  | { readonly kind: 'outside' }
  /** Nothing comes back. */
  | { readonly kind: 'silence' }
  /** An ICMP error comes back: nobody listens there. */
  | { readonly kind: 'nobody' }

/** Asks one server; `server` is the text of its address. */
export type Ask = (name: Name, type: number, server: string) => Reply
