/**
 * Whether what came to a port of DNS is a query.
 *
 * @module
 */
import { HEADER_OCTETS, readHeader } from '../../dns/decode.ts'

/** The shortest question: the root, a type and a class. @see RFC 1035 section 4.1.2 */
const QUESTION_OCTETS = 5

/** Of a datagram: one question, and no answer. What probes send, nothing or 0, 1, 2, 3 and so on, never is. */
export function isQuery(octets: Uint8Array): boolean {
  if (octets.length < HEADER_OCTETS + QUESTION_OCTETS) return false
  const head = readHeader(octets)
  return head !== undefined && !head.header.response && head.counts.questions === 1
}

/** Queries are shorter than 2 KiB, whose length begins below every letter, blank and end of line. */
const FIRST_OCTETS = 8

/** Of a connection, by the first octet: there it is that of a length. @see RFC 1035 section 4.2.2 */
export function beginsQuery(octets: Uint8Array): boolean {
  return (octets[0] ?? FIRST_OCTETS) < FIRST_OCTETS
}
