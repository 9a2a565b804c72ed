/**
 * Targets that rewrite addresses.
 *
 * @see extensions/libxt_DNAT.c, libxt_SNAT.c, libxt_MASQUERADE.c, libxt_REDIRECT.c of iptables
 * @module
 */
import { ParseError } from '../../base/error.ts'
import { equalIp, type Family, formatIp, isIpv4 } from '../../base/ip.ts'
import { formatRange, parseIpOf, parseRange } from '../codec.ts'
import { parsePort } from '../name.ts'
import { type Codec, type Extension, type Option, optionsOf } from '../option.ts'
import type { AddressRange, NatTarget, PortRange, TargetDo } from '../rule.ts'

const ports: Codec<PortRange> = {
  parse: text => {
    const range = parseRange(text, '-', 0xffff, parsePort)
    if (range.from === 0) throw new ParseError('port range', text, 'port 0 is none')
    return range
  },
  format: range => formatRange(range, '-'),
}

type To = Pick<NatTarget, 'to' | 'ports'>

/** `10.0.0.1`, `10.0.0.1-10.0.0.9:80-90`, `[fd00::1]:80`, `:80` */
function formatTo({ to, ports }: To): string {
  let text = ''
  if (to) {
    const range = equalIp(to.from, to.to) ? formatIp(to.from) : `${formatIp(to.from)}-${formatIp(to.to)}`
    text = isIpv4(to.from) || !ports ? range : `[${range}]`
  }
  return ports ? `${text}:${formatRange(ports, '-')}` : text
}

function parseTo(text: string, family: Family): To {
  const bracket = text.startsWith('[') ? text.indexOf(']') : -1
  if (text.startsWith('[') && bracket < 0) throw new ParseError('NAT address', text, 'its bracket stays open')
  const plain6 = family === 6 && bracket < 0
  const colon = plain6 ? -1 : text.indexOf(':', bracket + 1)
  const addresses = bracket < 0 ? (colon < 0 ? text : text.slice(0, colon)) : text.slice(1, bracket)
  const between = bracket < 0 ? '' : text.slice(bracket + 1, colon < 0 ? undefined : colon)
  if (between !== '' || text === '') throw new ParseError('NAT address', text, 'not ADDRESS[-ADDRESS][:PORT[-PORT]]')
  return {
    ...(addresses !== '' && { to: parseAddresses(addresses, family) }),
    ...(colon >= 0 && { ports: ports.parse(text.slice(colon + 1), { family, form: 'save' }) }),
  }
}

function parseAddresses(text: string, family: Family): AddressRange {
  const dash = text.indexOf('-')
  const from = parseIpOf(dash < 0 ? text : text.slice(0, dash), family)
  return { from, to: dash < 0 ? from : parseIpOf(text.slice(dash + 1), family) }
}

function toOption(name: string): Option<NatTarget> {
  return {
    names: [name],
    words: 1,
    negatable: false,
    read: (draft, text, _not, { family }) => {
      Object.assign(draft, parseTo(text, family))
    },
    write: value => (value.to || value.ports ? ` --${name} ${formatTo(value)}` : ''),
  }
}

const ofNat = optionsOf<NatTarget>()
const choices = [
  ofNat.flag('random', ['random']),
  ofNat.flag('randomFully', ['random-fully']),
  ofNat.flag('persistent', ['persistent']),
]
export const dnat: Extension<NatTarget> = { name: 'DNAT', options: [toOption('to-destination'), ...choices] }
export const snat: Extension<NatTarget> = { name: 'SNAT', options: [toOption('to-source'), ...choices] }

const ofPorts = optionsOf<TargetDo<'masquerade'>>()
const portOptions = [
  ofPorts.field('ports', ['to-ports'], ports),
  ofPorts.flag('random', ['random']),
  ofPorts.flag('randomFully', ['random-fully']),
]
export const masquerade: Extension<TargetDo<'masquerade'>> = { name: 'MASQUERADE', options: portOptions }
export const redirect: Extension<TargetDo<'redirect'>> = { name: 'REDIRECT', options: portOptions }
