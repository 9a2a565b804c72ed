/**
 * Kernel settings as `sysctl -a` prints them, or as a `sysctl.conf` holds them.
 *
 * @module
 */
import { ParseError, within } from '../base/error.ts'
import type { Sysctl } from './host.ts'
import { swapSeparators } from './sysctl-conf.ts'

/**
 * The settings, the later of two with one name. Lines in which `sysctl` complains of a setting that
 * it may not read are passed over.
 *
 * @throws {InputError} with the line's number when it is anything but `key = value`
 */
export function readSysctls(text: string): readonly Sysctl[] {
  const settings = new Map<string, string>()
  for (const [i, line] of text.split('\n').entries()) {
    const trimmed = line.trim()
    if (trimmed === '' || /^[#;]|^(?:sysctl|error)\b.*:/.test(trimmed)) continue
    const { key, value } = within(`line ${i + 1}`, () => readSetting(trimmed))
    settings.set(key, value)
  }
  return [...settings].map(([key, value]) => ({ key, value }))
}

function readSetting(line: string): Sysctl {
  const equals = line.indexOf('=')
  // In a sysctl.conf a dash before the key says that it may fail.
  const name = line.slice(0, Math.max(equals, 0)).trim().replace(/^-/, '')
  if (!/^[^\s=]+$/.test(name)) throw new ParseError('setting', shorten(line), 'not "key = value"')
  return { key: dotted(name), value: line.slice(equals + 1).trim() }
}

/** Whichever separator comes first is the separator. @see slashdot in sysctl.c of procps */
function dotted(name: string): string {
  const slash = name.indexOf('/')
  const dot = name.indexOf('.')
  return slash >= 0 && (dot < 0 || slash < dot) ? swapSeparators(name) : name
}

function shorten(text: string): string {
  return text.length > 60 ? `${text.slice(0, 60)}…` : text
}
