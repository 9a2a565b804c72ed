/**
 * How long the server waits, and how much it holds at once.
 *
 * @module
 */
import type { Millis } from '../../base/clock.ts'

export interface Limits {
  /** Of TCP connections at once, over all addresses. */
  readonly connections: number
  /** Of queries of one connection whose answers come from outside. */
  readonly underWay: number
  /** From one query of a connection to the next. */
  readonly idle: Millis
  /** For the first query of a connection, and from the first to the last octet of each other. */
  readonly read: Millis
  /** Until the other side takes what was sent. */
  readonly write: Millis
  /** Of questions outside at once, over all clients. */
  readonly questions: number
  /** Until somebody outside answers. */
  readonly answer: Millis
}

/**
 * @see miekg/dns server.go: dnsTimeout; CoreDNS core/dnsserver/server.go: NewServer (3 s, 5 s, 10 s),
 *   plugin/pkg/proxy/connect.go: readTimeout; kubeadm's Corefile for the number of questions
 */
export const DEFAULT_LIMITS: Limits = {
  connections: 1000,
  underWay: 32,
  idle: 10_000,
  read: 3000,
  write: 5000,
  questions: 1000,
  answer: 2000,
}
