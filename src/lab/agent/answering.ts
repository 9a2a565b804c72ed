/**
 * What the answerer is asked to do, as its file says it, and what it says when it is done.
 *
 * @module
 */
import type { ServiceProtocol } from '../../base/protocol.ts'
import type { Wanted } from './opening.ts'

/** Who answers, by the names that an answer tells. */
export interface Who {
  readonly machine: string
  readonly what: string
}

export interface AnsweredSocket extends Wanted, Who {
  /** Of loopback: a machine may lack the family. */
  readonly optional?: true
}

/** A port at which a program with other sockets answers. */
export interface AnsweredPort extends Who {
  readonly port: number
  /** Absent: at every address. */
  readonly address?: string
}

export interface MachineWork {
  readonly machine: string
  readonly namespace: string
  readonly sockets: readonly AnsweredSocket[]
  /** SCTP, by a raw socket. */
  readonly sctp: SctpWork
  /** UDP where every address there is belongs to the machine. */
  readonly everywhere: readonly AnsweredPort[]
}

export interface SctpWork {
  readonly ports: readonly AnsweredPort[]
  /** From where IPv6 is answered: raw sockets do not tell which address was asked. */
  readonly own6?: string
}

/** What a program says once it holds its ports. */
export type HolderWord = { readonly answers: true; readonly notes: readonly string[] } | { readonly failed: string }

/** What a program of the answerer's in another namespace says when it is there. */
export type HelperWord = { readonly answers: true } | { readonly failed: string }

/** A port in words: `TCP port 80 of default/web-1`. */
export function portName(
  protocol: ServiceProtocol,
  { machine, port, address }: Who & Omit<AnsweredPort, 'what'>,
): string {
  const at = address === undefined ? '' : ` at ${address}`
  return `${protocol} port ${port} of ${machine}${at}`
}
