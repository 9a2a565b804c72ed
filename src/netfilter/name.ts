/**
 * Names of protocols and ports in rules.
 *
 * iptables prints a protocol by the name that the machine's `/etc/protocols` gives it; the table
 * below holds those of Debian 12 that every distribution has.
 *
 * @module
 */
import { ParseError } from '../base/error.ts'
import type { Protocol } from '../base/protocol.ts'

// biome-ignore format: a table
const PROTOCOLS: ReadonlyMap<string, Protocol> = new Map([
  ['icmp', 1], ['igmp', 2], ['ggp', 3], ['ipencap', 4], ['st', 5], ['tcp', 6], ['egp', 8], ['igp', 9], ['pup', 12],
  ['udp', 17], ['hmp', 20], ['xns-idp', 22], ['rdp', 27], ['iso-tp4', 29], ['dccp', 33], ['xtp', 36], ['ddp', 37],
  ['idpr-cmtp', 38], ['ipv6', 41], ['ipv6-route', 43], ['ipv6-frag', 44], ['idrp', 45], ['rsvp', 46], ['gre', 47],
  ['esp', 50], ['ah', 51], ['skip', 57], ['ipv6-icmp', 58], ['ipv6-nonxt', 59], ['ipv6-opts', 60], ['rspf', 73],
  ['vmtp', 81], ['eigrp', 88], ['ospf', 89], ['ax.25', 93], ['ipip', 94], ['etherip', 97], ['encap', 98], ['pim', 103],
  ['ipcomp', 108], ['vrrp', 112], ['l2tp', 115], ['isis', 124], ['sctp', 132], ['fc', 133], ['mobility-header', 135],
  ['udplite', 136], ['mpls-in-ip', 137], ['manet', 138], ['hip', 139], ['shim6', 140], ['wesp', 141], ['rohc', 142],
  ['ethernet', 143],
])
const PROTOCOL_NAMES: ReadonlyMap<Protocol, string> = new Map([...PROTOCOLS].map(([name, is]) => [is, name]))
const PROTOCOL_ALIASES: ReadonlyMap<string, Protocol> = new Map([
  ['icmpv6', 58],
  ['icmp6', 58],
  ['mh', 135],
  ['all', 0],
  ['ip', 0],
])

/** @throws {ParseError} unless `text` is a known name or 0 to 255 */
export function parseProtocol(text: string): Protocol {
  if (/^\d{1,3}$/.test(text) && Number(text) <= 255) return Number(text)
  const name = text.toLowerCase()
  const known = PROTOCOLS.get(name) ?? PROTOCOL_ALIASES.get(name)
  if (known === undefined) throw new ParseError('protocol', text, 'not a known name nor 0 to 255')
  return known
}

/** `tcp`, or the number of a protocol that has no name. */
export function formatProtocol(protocol: Protocol): string {
  return PROTOCOL_NAMES.get(protocol) ?? `${protocol}`
}

// biome-ignore format: a table
const PORTS: ReadonlyMap<string, number> = new Map([
  ['echo', 7], ['discard', 9], ['daytime', 13], ['ftp-data', 20], ['ftp', 21], ['ssh', 22], ['telnet', 23], ['smtp', 25], ['mail', 25],
  ['time', 37], ['whois', 43], ['tacacs', 49], ['domain', 53], ['bootps', 67], ['bootpc', 68], ['tftp', 69], ['gopher', 70], ['finger', 79],
  ['http', 80], ['www', 80], ['kerberos', 88], ['pop2', 109], ['pop3', 110], ['pop-3', 110], ['sunrpc', 111], ['portmapper', 111],
  ['auth', 113], ['ident', 113], ['nntp', 119], ['ntp', 123], ['epmap', 135], ['netbios-ns', 137], ['netbios-dgm', 138],
  ['netbios-ssn', 139], ['imap2', 143], ['imap', 143], ['snmp', 161], ['snmp-trap', 162], ['snmptrap', 162], ['bgp', 179], ['irc', 194],
  ['ldap', 389], ['https', 443], ['microsoft-ds', 445], ['kpasswd', 464], ['submissions', 465], ['ssmtp', 465], ['isakmp', 500],
  ['syslog', 514], ['shell', 514], ['exec', 512], ['login', 513], ['printer', 515], ['route', 520], ['router', 520], ['rtsp', 554],
  ['ipp', 631], ['submission', 587], ['ldaps', 636], ['domain-s', 853], ['rsync', 873], ['ftps-data', 989], ['ftps', 990], ['telnets', 992],
  ['imaps', 993], ['pop3s', 995], ['socks', 1080], ['openvpn', 1194], ['ms-sql-s', 1433], ['l2f', 1701], ['radius', 1812],
  ['radius-acct', 1813], ['nfs', 2049], ['mysql', 3306], ['ms-wbt-server', 3389], ['svn', 3690], ['ipsec-nat-t', 4500], ['sip', 5060],
  ['sip-tls', 5061], ['xmpp-client', 5222], ['mdns', 5353], ['postgresql', 5432], ['amqp', 5672], ['x11', 6000], ['redis', 6379],
  ['http-alt', 8080], ['webcache', 8080],
])

/** @throws {ParseError} unless `text` is a well-known service's name or 0 to 65535 */
export function parsePort(text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) <= 0xffff) return Number(text)
  const known = PORTS.get(text.toLowerCase())
  if (known === undefined) throw new ParseError('port', text, 'not a well-known name nor 0 to 65535')
  return known
}
