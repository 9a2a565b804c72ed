/**
 * Domain names.
 *
 * A name is its labels, the leftmost first; a label is its octets, one character each (U+0000 to U+00FF). Only this file
 * knows the text form, with its dots and escapes. Letters keep their case; comparing never looks at it.
 *
 * @module
 */
import { ParseError } from '../base/error.ts'

/** Labels from left to right, without the empty one of the root: the root is no label at all. */
export type Name = readonly string[]

export const ROOT: Name = []

/** Of a name in a message, its end included. @see RFC 1035 section 2.3.4 */
export const MOST_NAME_OCTETS = 255
const MOST_LABEL_OCTETS = 63

/** What a label's text form puts a backslash before. @see RFC 4343 section 2.1 */
const SPECIAL = /[.\\()";@$ ]/

/**
 * Reads `web.default.svc.cluster.local`, with or without the dot at its end.
 *
 * `\.` is a dot within a label, `\065` the octet of that number.
 *
 * @throws {ParseError} when a label is empty or too long, or all of them are
 */
export function parseName(text: string): Name {
  if (text === '.') return ROOT
  const labels: string[] = []
  let label = ''
  for (let i = 0; i < text.length; i++) {
    const char = text.charAt(i)
    if (char === '.') {
      labels.push(label)
      label = ''
      continue
    }
    const escaped = char === '\\' ? text.slice(i + 1, i + 4) : ''
    if (/^[0-9]{3}$/.test(escaped) && Number(escaped) < 256) {
      label += String.fromCharCode(Number(escaped))
      i += 3
    } else if (escaped !== '') label += text.charAt(++i)
    else label += char
    if (label.charCodeAt(label.length - 1) > 255) throw new ParseError('domain name', text, 'a character is no octet')
  }
  if (label !== '') labels.push(label)
  const wrong = labels.find(one => one === '' || one.length > MOST_LABEL_OCTETS)
  if (wrong !== undefined || labels.length === 0) {
    throw new ParseError('domain name', text, `label "${wrong ?? ''}" is not 1 to ${MOST_LABEL_OCTETS} octets long`)
  }
  if (nameOctets(labels) > MOST_NAME_OCTETS)
    throw new ParseError('domain name', text, `longer than ${MOST_NAME_OCTETS} octets`)
  return labels
}

/** The name that `text` is, or nothing. */
export function findName(text: string): Name | undefined {
  try {
    return parseName(text)
  } catch {
    return undefined
  }
}

/** `web.default.svc.cluster.local.` */
export function formatName(name: Name): string {
  return name.length === 0 ? '.' : `${name.map(formatLabel).join('.')}.`
}

/** A label's text: dots and the like behind a backslash, what does not print as three digits. */
export function formatLabel(label: string): string {
  if (/^[A-Za-z0-9_-]*$/.test(label)) return label
  return [...label]
    .map(char => {
      if (SPECIAL.test(char) && char !== ' ') return `\\${char}`
      const plain = char > ' ' && char <= '~'
      return plain ? char : `\\${String(char.charCodeAt(0)).padStart(3, '0')}`
    })
    .join('')
}

/** The label with A to Z as a to z, and nothing else changed. @see RFC 4343 section 3 */
export function lowerLabel(label: string): string {
  return /[A-Z]/.test(label) ? label.replace(/[A-Z]/g, letter => letter.toLowerCase()) : label
}

export function lowerName(name: Name): Name {
  return name.map(lowerLabel)
}

export function equalName(a: Name, b: Name): boolean {
  return a.length === b.length && isWithin(a, b)
}

/** Whether `name` is `zone` or below it. */
export function isWithin(name: Name, zone: Name): boolean {
  const skip = name.length - zone.length
  return skip >= 0 && zone.every((label, i) => lowerLabel(label) === lowerLabel(name[skip + i] ?? ''))
}

/** The longest of `zones` that `name` is in. */
export function zoneAround(name: Name, zones: readonly Name[]): Name | undefined {
  let found: Name | undefined
  for (const zone of zones) if (isWithin(name, zone) && zone.length >= (found?.length ?? 0)) found = zone
  return found
}

/** Octets of the name in a message, uncompressed, the root's included. */
export function nameOctets(name: Name): number {
  return name.reduce((sum, label) => sum + 1 + label.length, 1)
}
