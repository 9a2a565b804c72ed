/** Where iptables' rules take an arrival: a slow and obvious reading of table nat, chance and affinity both ways. */
import { contains, equalIp } from '../../src/base/ip.ts'
import { SCTP, TCP, UDP } from '../../src/base/protocol.ts'
import { formatEndpoint } from '../../src/kube-proxy/endpoint.ts'
import type { Match, Rule, Ruleset } from '../../src/netfilter/rule.ts'
import type { Answer, Arrival } from './contract-arrival.ts'

export function iptablesAnswer(ruleset: Ruleset): Answer {
  return arrival => {
    const found = new Set<string>()
    walk(ruleset, arrival.from.device === undefined ? 'OUTPUT' : 'PREROUTING', arrival, found)
    return [...found].sort()
  }
}

/** Whether the packet may come back from the chain. */
function walk(ruleset: Ruleset, name: string, arrival: Arrival, found: Set<string>): boolean {
  const chain = ruleset.tables.get('nat')?.chains.get(name)
  if (!chain) throw new Error(`There is no chain ${name}`)
  for (const rule of chain.rules) {
    const held = rule.matches.map(match => holds(match, arrival))
    if (held.includes('no')) continue
    const goesOn = act(ruleset, rule, arrival, found)
    if (goesOn === 'returns') return true
    if (!goesOn && !held.includes('maybe')) return false
  }
  return true
}

function act(ruleset: Ruleset, { target }: Rule, arrival: Arrival, found: Set<string>): boolean | 'returns' {
  switch (target?.do) {
    case undefined:
    case 'mark':
      return true
    case 'jump':
      return walk(ruleset, target.chain, arrival, found)
    case 'return':
      return 'returns'
    case 'dnat': {
      const { to, ports } = target
      if (!to || !ports) throw new Error('A DNAT lacks an address or a port')
      found.add(formatEndpoint(to.from, ports.from))
      return false
    }
    default:
      throw new Error(`Nobody expects ${target?.do} here`)
  }
}

type Held = 'yes' | 'no' | 'maybe'

const PORTS = { tcp: TCP, udp: UDP, sctp: SCTP } as const

function holds(match: Match, { from, protocol, to, port, own }: Arrival): Held {
  const answer = (yes: boolean, not?: true): Held => (yes !== (not ?? false) ? 'yes' : 'no')
  switch (match.on) {
    case 'comment':
    case 'nfacct':
      return 'yes'
    case 'statistic':
      return 'maybe'
    case 'recent':
      return match.do === 'set' ? 'yes' : 'maybe'
    case 'proto':
      return answer(match.is === protocol, match.not)
    case 'tcp':
    case 'udp':
    case 'sctp':
      return answer(PORTS[match.on] === protocol && (match.dport?.from ?? port) === port)
    case 'dst':
      return answer(contains(match.in, to), match.not)
    case 'src':
      return answer(contains(match.in, from.ip), match.not)
    case 'in':
      return answer(isDevice(match.device, from.device), match.not)
    case 'addrtype':
      return match.src ? answer(from.device === undefined) : answer(own.some(ip => equalIp(ip, to)))
    default:
      throw new Error(`Nobody expects a match on ${match.on} here`)
  }
}

function isDevice(pattern: string, device = ''): boolean {
  return pattern.endsWith('+') ? device.startsWith(pattern.slice(0, -1)) : device === pattern
}
