/**
 * Brings what the tools print into one order, so that two rule sets that mean the same compare
 * equal line by line. kube-proxy walks Go maps: two of its own runs differ in order.
 */

/** Chains that several services share. */
const SHARED = new Set(['KUBE-SERVICES', 'KUBE-NODEPORTS', 'KUBE-EXTERNAL-SERVICES', 'KUBE-PROXY-FIREWALL'])

const sorted = (list: Iterable<string>) => [...list].sort()
const byKey = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]) => (a < b ? -1 : a > b ? 1 : 0)
const linesOf = (text: string) => text.split('\n').filter(Boolean)

/** Groups the rules of a shared chain by the service that their comment names; inside, order stays. */
function group(rules: readonly string[]): string[] {
  const keyed = rules.map((rule): [string, string] => {
    if (/nodeports; NOTE: this must be the last rule/.test(rule)) return [`\uffff${rule}`, rule]
    return [/--comment "([^" ]+)/.exec(rule)?.[1] ?? rule, rule]
  })
  return keyed.sort(byKey).map(([, rule]) => rule)
}

/** `iptables-save` */
export function canonIptables(text: string): string[] {
  const tables = new Map<string, { chains: string[]; rules: Map<string, string[]> }>()
  let table = { chains: [] as string[], rules: new Map<string, string[]>() }
  for (const line of text.split('\n')) {
    if (line.startsWith('*')) {
      table = { chains: [], rules: new Map() }
      tables.set(line, table)
    } else if (line.startsWith(':')) table.chains.push(line.replace(/ \[\d+:\d+\]$/, ''))
    else if (line.startsWith('-A ')) {
      const chain = line.split(' ', 2)[1] ?? ''
      const rules = table.rules.get(chain) ?? []
      rules.push(line.replace(/\s+$/, '').replace(/--nfacct-name +/, '--nfacct-name '))
      table.rules.set(chain, rules)
    }
  }
  return [...tables].sort(byKey).flatMap(([name, { chains, rules }]) => [
    name,
    ...sorted(chains),
    // Endpoints spread over many chains share one --probability list: order matters and is kept.
    ...[...rules].sort(byKey).flatMap(([chain, list]) => (SHARED.has(chain) ? group(list) : list)),
  ])
}

type Block = [name: string, lines: string[]]

/** `nft list ruleset` */
export function canonNft(text: string): string[] {
  const out: string[] = []
  let table = ''
  let block: Block | undefined
  let blocks: Block[] = []
  // Elements may span lines.
  for (const line of linesOf(text.replace(/,\s*\n\s*/g, ', ')).map(raw => raw.trim())) {
    if (line === '') continue
    if (line.startsWith('table ')) {
      table = line
      blocks = []
    } else if (/^(set|map|chain) /.test(line)) block = [line, []]
    else if (line === '}' && block) {
      blocks.push(block)
      block = undefined
    } else if (line === '}') {
      out.push(table)
      for (const [name, lines] of blocks.sort(byKey)) out.push(`  ${name}`, ...lines.map(own => `    ${own}`))
    } else if (block) block[1].push(...elementsOf(line))
    else blocks.push(['', [line]])
  }
  return out
}

function elementsOf(line: string): string[] {
  const list = /^elements = \{ (.*) \}$/.exec(line)?.[1]
  if (list === undefined) return [line]
  return sorted(list.split(/, (?=(?:[^"]*"[^"]*")*[^"]*$)/)).map(element => `element ${element}`)
}

/** `ipset save` */
export function canonIpset(text: string): string[] {
  return sorted(linesOf(text).map(line => line.replace(/ (hashsize|bucketsize|initval) \S+/g, '')))
}

/** `ipvsadm -Sn` */
export function canonIpvsadm(text: string): string[] {
  const services: Block[] = []
  for (const line of linesOf(text)) {
    if (line.startsWith('-A')) services.push([line, []])
    else services.at(-1)?.[1].push(line)
  }
  return services.sort(byKey).flatMap(([service, servers]) => [service, ...sorted(servers)])
}

/** Lines whose order means nothing. */
export function canonLines(text: string): string[] {
  return sorted(linesOf(text))
}
