/** Where nftables' chains and maps take an arrival: a slow and obvious reading, chance and affinity both ways. */
import { compareIp, contains, equalIp } from '../../src/base/ip.ts'
import { formatEndpoint } from '../../src/kube-proxy/endpoint.ts'
import type {
  NftElement,
  NftExpression,
  NftLookup,
  NftValue,
  NftVerdict,
} from '../../src/netfilter/nftables/expression.ts'
import type { NftStatement, NftTable } from '../../src/netfilter/nftables/rule.ts'
import type { Answer, Arrival } from './contract-arrival.ts'

type Walk = { readonly table: NftTable; readonly arrival: Arrival; readonly found: Set<string> }

/** Up to here a packet is looked at as it came. */
const DNAT = -100

export function nftablesAnswer(table: NftTable): Answer {
  return arrival => {
    const walk = { table, arrival, found: new Set<string>() }
    const hook = arrival.from.device === undefined ? 'output' : 'prerouting'
    const bases = table.chains
      .flatMap(({ name, base }) => (base?.hook === hook && base.priority <= DNAT ? [{ name, ...base }] : []))
      .sort((a, b) => a.priority - b.priority)
    bases.every(({ name }) => through(name, walk))
    return [...walk.found].sort()
  }
}

/** `on`: to the next rule; `back`: to the caller; `ended`: no further. */
type Course = 'on' | 'back' | 'ended'

/** Whether the packet may come back from the chain. */
function through(name: string, walk: Walk): boolean {
  const chain = walk.table.chains.find(one => one.name === name)
  if (!chain) throw new Error(`There is no chain ${name}`)
  for (const { statements } of chain.rules) {
    const course = obey(statements, walk)
    if (course === 'back') return true
    if (course === 'ended') return false
  }
  return true
}

function obey(statements: readonly NftStatement[], walk: Walk): Course {
  let sure = true
  for (const statement of statements) {
    switch (statement.do) {
      case 'match': {
        const held = matches(statement, walk)
        if (held === 'no') return 'on'
        if (held === 'maybe') sure = false
        break
      }
      case 'mangle':
      case 'set':
        break
      case 'verdict': {
        const course = decide(statement.verdict, walk)
        return sure ? course : 'on'
      }
      case 'vmap': {
        const courses = found(statement.key, statement.in, walk).map(({ data }) => decide(verdictIn(data), walk))
        if (courses.length > 0 && courses.every(course => course === 'ended')) return 'ended'
        break
      }
      case 'reject':
        return 'ended'
      case 'nat':
        for (const end of endsOf(statement, walk)) walk.found.add(end)
        return 'ended'
      default:
        throw new Error(`Nobody expects ${statement.do} here`)
    }
  }
  return 'on'
}

function verdictIn(data: NftElement['data']): NftVerdict {
  if (!data || !('do' in data)) throw new Error('A verdict map holds no verdict')
  return data
}

function decide(verdict: NftVerdict, walk: Walk): Course {
  switch (verdict.do) {
    case 'jump':
      return through(verdict.chain, walk) ? 'on' : 'ended'
    case 'goto':
      return through(verdict.chain, walk) ? 'back' : 'ended'
    case 'return':
      return 'back'
    case 'drop':
      return 'ended'
    default:
      throw new Error(`Nobody expects ${verdict.do} here`)
  }
}

function endsOf(statement: NftStatement & { readonly do: 'nat' }, walk: Walk): readonly string[] {
  const { address, port } = statement
  if (address?.kind === 'map') {
    return found(address.key, address.in, walk).map(({ data }) => {
      const [ip, number] = data && 'kind' in data && data.kind === 'concat' ? data.parts : []
      return endOf(ip, number)
    })
  }
  const constantIn = (of?: NftExpression) => (of?.kind === 'value' ? of.value : undefined)
  return [endOf(constantIn(address), constantIn(port))]
}

function endOf(ip?: NftValue, port?: NftValue): string {
  if (ip?.kind !== 'ip' || port?.kind !== 'port') throw new Error('A DNAT lacks an address or a port')
  return formatEndpoint(ip.ip, port.port)
}

/** What the lookup holds for the key: of a number drawn at random, all. */
function found(key: NftExpression, lookup: NftLookup, { table, arrival }: Walk): readonly NftElement[] {
  const elements =
    lookup.kind === 'anonymous' ? lookup.elements : table.sets.find(({ name }) => name === lookup.set)?.elements
  if (!elements) throw new Error('There is no such set')
  return key.kind === 'numgen' ? elements : elements.filter(element => isWithin(valueIn(key, arrival), element.key))
}

type Held = 'yes' | 'no' | 'maybe'

function matches({ left, op, right }: NftStatement & { readonly do: 'match' }, walk: Walk): Held {
  if (right.kind === 'named' && walk.table.sets.find(({ name }) => name === right.set)?.flags?.includes('dynamic')) {
    return 'maybe'
  }
  const holds =
    right.kind === 'named' || right.kind === 'anonymous'
      ? found(left, right, walk).length > 0
      : isWithin(valueIn(left, walk.arrival), right)
  return holds === (op === '==') ? 'yes' : 'no'
}

function valueIn(expression: NftExpression, arrival: Arrival): NftValue {
  const { from, protocol, to, port, own } = arrival
  switch (expression.kind) {
    case 'concat':
      return { kind: 'concat', parts: expression.parts.map(part => valueIn(part, arrival)) }
    case 'payload':
      if (expression.field === 'dport') return { kind: 'port', port }
      return { kind: 'ip', ip: expression.field === 'saddr' ? from.ip : to }
    case 'meta':
      return expression.key === 'l4proto'
        ? { kind: 'protocol', protocol }
        : { kind: 'string', text: from.device ?? 'lo' }
    case 'ct':
      return { kind: 'symbol', symbol: 'new' }
    case 'fib': {
      const isOwn = expression.by[0] === 'saddr' ? from.device === undefined : own.some(ip => equalIp(ip, to))
      return { kind: 'symbol', symbol: isOwn ? 'local' : 'unicast' }
    }
    default:
      throw new Error(`Nobody expects ${expression.kind} here`)
  }
}

function isWithin(value: NftValue, pattern: NftValue): boolean {
  if (value.kind === 'ip' && pattern.kind === 'ip') return equalIp(value.ip, pattern.ip)
  if (value.kind === 'ip' && pattern.kind === 'prefix') return contains(pattern.prefix, value.ip)
  if (value.kind === 'ip' && pattern.kind === 'range' && pattern.from.kind === 'ip' && pattern.to.kind === 'ip') {
    return compareIp(pattern.from.ip, value.ip) <= 0 && compareIp(value.ip, pattern.to.ip) <= 0
  }
  if (value.kind === 'port' && pattern.kind === 'port') return value.port === pattern.port
  if (value.kind === 'protocol' && pattern.kind === 'protocol') return value.protocol === pattern.protocol
  if (value.kind === 'symbol' && pattern.kind === 'symbol') return value.symbol === pattern.symbol
  if (value.kind === 'string' && pattern.kind === 'string') {
    return pattern.text.endsWith('*') ? value.text.startsWith(pattern.text.slice(0, -1)) : value.text === pattern.text
  }
  if (value.kind === 'concat' && pattern.kind === 'concat') {
    return value.parts.every((part, i) => isWithin(part, pattern.parts[i] ?? { kind: 'wildcard' }))
  }
  throw new Error(`Nobody expects ${value.kind} beside ${pattern.kind} here`)
}
