/** Where the rules take a new connection: a slow and obvious reading of them, all chances taken. */
import { contains, formatIp, type Ip, isLoopback, parseIp } from '../../../src/base/ip.ts'
import { TCP } from '../../../src/base/protocol.ts'
import type { Match, Rule, Ruleset, TableName } from '../../../src/netfilter/rule.ts'

export interface Flow {
  readonly from: string
  readonly to: string
  readonly port: number
  /** Addresses of the machine that has the rules. */
  readonly own: readonly string[]
}

type Fate = 'goes on' | 'drop' | 'reject' | 'accept' | `${string}:${number}`

interface State {
  readonly fate: Fate
  readonly marked: boolean
}

/** `10.244.1.2:8080`, with ` M` if masqueraded; or `drop`, `reject`, `goes on`. Sorted, each once. */
export function reach(ruleset: Ruleset, flow: Flow): string[] {
  const masquerades = (endpoint: string, marked: boolean) => (marked ? `${endpoint} M` : endpoint)
  const ends = walk(ruleset, 'nat', 'KUBE-SERVICES', flow, { fate: 'goes on', marked: false }).flatMap(
    ({ fate, marked }) => (fate === 'goes on' ? filtered(ruleset, flow) : [masquerades(fate, marked)]),
  )
  return [...new Set(ends)].sort()
}

/** What the filter table says to a packet that nothing was done to. */
function filtered(ruleset: Ruleset, flow: Flow): string[] {
  for (const chain of ['KUBE-PROXY-FIREWALL', 'KUBE-SERVICES', 'KUBE-EXTERNAL-SERVICES']) {
    const ends = walk(ruleset, 'filter', chain, flow, { fate: 'goes on', marked: false })
    if (ends.some(({ fate }) => fate !== 'goes on')) return ends.map(({ fate }) => fate)
  }
  return ['goes on']
}

function walk(ruleset: Ruleset, table: TableName, chain: string, flow: Flow, start: State): State[] {
  const rules = ruleset.tables.get(table)?.chains.get(chain)?.rules
  if (rules === undefined) throw new Error(`There is no chain ${chain}`)
  const ended: State[] = []
  let open: State[] = [start]
  for (const rule of rules) {
    const chance = rule.matches.some(match => match.on === 'statistic')
    if (!rule.matches.every(match => holds(match, flow))) continue
    const after = open.flatMap(state => act(ruleset, table, rule, flow, state))
    ended.push(...after.filter(({ fate }) => fate !== 'goes on'))
    const back = after.filter(({ fate }) => fate === 'goes on')
    open = chance ? [...open, ...back] : back
  }
  return [...ended, ...open]
}

function act(ruleset: Ruleset, table: TableName, rule: Rule, flow: Flow, state: State): State[] {
  const { target } = rule
  switch (target?.do) {
    case undefined:
      return [state]
    case 'jump':
      return walk(ruleset, table, target.chain, flow, state)
    case 'mark':
      return [{ ...state, marked: true }]
    case 'drop':
    case 'reject':
    case 'accept':
      return [{ ...state, fate: target.do }]
    case 'dnat':
      return [{ ...state, fate: `${formatIp(target.to?.from ?? parseIp('0.0.0.0'))}:${target.ports?.from ?? 0}` }]
    default:
      throw new Error(`kube-proxy has no target ${target?.do}`)
  }
}

function holds(match: Match, flow: Flow): boolean {
  const from = parseIp(flow.from)
  const to = parseIp(flow.to)
  const isOwn = (ip: Ip) => isLoopback(ip) || flow.own.some(own => own === formatIp(ip))
  switch (match.on) {
    case 'comment':
    case 'statistic':
    case 'nfacct':
      return true
    case 'recent':
      return match.do === 'set'
    case 'src':
      return contains(match.in, from) !== (match.not ?? false)
    case 'dst':
      return contains(match.in, to) !== (match.not ?? false)
    case 'proto':
      return match.is === TCP
    case 'tcp':
      return match.dport === undefined || match.dport.from === flow.port
    case 'addrtype':
      return isOwn(match.src ? from : to)
    default:
      throw new Error(`This reading knows no match ${match.on}`)
  }
}
