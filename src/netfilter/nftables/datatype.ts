/**
 * Of which type each thing is that a rule can ask of a packet: the type says how what it is compared with is spelled.
 *
 * @see nft(8), PAYLOAD EXPRESSIONS, PRIMARY EXPRESSIONS; src/proto.c, src/meta.c, src/ct.c of nftables 1.0.6
 * @module
 */
import type { NftExpression } from './expression.ts'
import type { NftType } from './rule.ts'

type Types = Readonly<Record<string, NftType>>

/** Fields that are plain numbers. */
function numbers(names: string): Types {
  return Object.fromEntries(names.split(' ').map(name => [name, 'integer' as const]))
}

const PORTS: Types = { sport: 'inet_service', dport: 'inet_service' }

const FIELDS: Readonly<Record<string, Types>> = {
  ether: { saddr: 'ether_addr', daddr: 'ether_addr', type: 'ether_type' },
  vlan: { ...numbers('id cfi dei pcp'), type: 'ether_type' },
  arp: {
    ...numbers('htype hlen plen'),
    ptype: 'ether_type',
    operation: 'arp_op',
    'saddr ether': 'ether_addr',
    'daddr ether': 'ether_addr',
    'saddr ip': 'ipv4_addr',
    'daddr ip': 'ipv4_addr',
  },
  ip: {
    ...numbers('version hdrlength length id frag-off ttl checksum'),
    dscp: 'dscp',
    ecn: 'ecn',
    protocol: 'inet_proto',
    saddr: 'ipv4_addr',
    daddr: 'ipv4_addr',
  },
  ip6: {
    ...numbers('version flowlabel length hoplimit'),
    dscp: 'dscp',
    ecn: 'ecn',
    nexthdr: 'inet_proto',
    saddr: 'ipv6_addr',
    daddr: 'ipv6_addr',
  },
  icmp: { ...numbers('checksum id sequence mtu'), type: 'icmp_type', code: 'icmp_code', gateway: 'ipv4_addr' },
  icmpv6: {
    ...numbers('checksum parameter-problem packet-too-big id sequence max-delay'),
    type: 'icmpv6_type',
    code: 'icmpv6_code',
  },
  igmp: { ...numbers('mrt checksum'), type: 'igmp_type', group: 'ipv4_addr' },
  tcp: { ...PORTS, ...numbers('sequence ackseq doff reserved window checksum urgptr'), flags: 'tcp_flag' },
  udp: { ...PORTS, ...numbers('length checksum') },
  udplite: { ...PORTS, ...numbers('csumcov checksum') },
  sctp: { ...PORTS, ...numbers('vtag checksum') },
  dccp: { ...PORTS, type: 'dccp_pkttype' },
  th: PORTS,
  ah: { ...numbers('hdrlength reserved spi sequence'), nexthdr: 'inet_proto' },
  esp: numbers('spi sequence'),
  comp: { ...numbers('flags cpi'), nexthdr: 'inet_proto' },
}

const META: Types = {
  ...numbers('length cpu random cgroup nftrace'),
  mark: 'mark',
  l4proto: 'inet_proto',
  nfproto: 'nf_proto',
  protocol: 'ether_type',
  priority: 'string',
  pkttype: 'pkt_type',
  skuid: 'uid',
  skgid: 'gid',
  rtclassid: 'realm',
  iif: 'iface_index',
  oif: 'iface_index',
  sdif: 'iface_index',
  iifname: 'ifname',
  oifname: 'ifname',
  ibrname: 'ifname',
  obrname: 'ifname',
  sdifname: 'ifname',
  iifkind: 'ifname',
  oifkind: 'ifname',
  iiftype: 'iface_type',
  oiftype: 'iface_type',
  iifgroup: 'devgroup',
  oifgroup: 'devgroup',
  ipsec: 'boolean',
  time: 'time',
  day: 'day',
  hour: 'hour',
}

const CT: Types = {
  ...numbers('bytes packets avgpkt zone id'),
  state: 'ct_state',
  direction: 'ct_dir',
  status: 'ct_status',
  mark: 'mark',
  expiration: 'time',
  helper: 'ifname',
  l3proto: 'nf_proto',
  protocol: 'inet_proto',
  'proto-src': 'inet_service',
  'proto-dst': 'inet_service',
  label: 'ct_label',
  event: 'ct_event',
}

const FIB: Types = { type: 'fib_addrtype', oif: 'iface_index', oifname: 'ifname' }

/** Of what podwire only knows to be asked of a packet. */
const UNKNOWN_TYPES: Types = { 'socket mark': 'mark', 'osf name': 'ifname' }

/** Types whose values are sets of bits, each with a name. */
const BITS: ReadonlySet<NftType> = new Set(['tcp_flag', 'ct_state', 'ct_status', 'ct_event', 'ct_label'])

export function isBits(type: NftType | undefined): boolean {
  return type !== undefined && BITS.has(type)
}

/** Whether there are headers of that name. */
export function isHeader(protocol: string): boolean {
  return Object.hasOwn(FIELDS, protocol)
}

export function findFieldType(protocol: string, field: string): NftType | undefined {
  return isHeader(protocol) ? find(FIELDS[protocol] ?? {}, field) : undefined
}

export function findMetaType(key: string): NftType | undefined {
  return find(META, key)
}

export function findCtType(key: string, family?: 'ip' | 'ip6'): NftType | undefined {
  if (key === 'saddr' || key === 'daddr') return family === 'ip6' ? 'ipv6_addr' : 'ipv4_addr'
  return find(CT, key)
}

function find(types: Types, name: string): NftType | undefined {
  return Object.hasOwn(types, name) ? types[name] : undefined
}

/** The type of each part of what an expression gives; nothing of what is not known. */
export function typesOf(expression: NftExpression): readonly (NftType | undefined)[] {
  switch (expression.kind) {
    case 'payload':
      return [findFieldType(expression.protocol, expression.field)]
    case 'meta':
      return [findMetaType(expression.key)]
    case 'ct':
      return [findCtType(expression.key, expression.family)]
    case 'fib':
      return [FIB[expression.result]]
    case 'numgen':
      return ['integer']
    case 'binary':
      return typesOf(expression.left)
    case 'concat':
      return expression.parts.map(part => typesOf(part)[0])
    case 'unknown':
      return [find(UNKNOWN_TYPES, expression.text)]
    case 'value':
    case 'map':
      return [undefined]
  }
}
