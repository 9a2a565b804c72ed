/**
 * A partial sync as input for the tools: each text is loaded once, on top of what the sync before it left.
 *
 * @module
 */
import { formatInterfaceAddress, isIpv4 } from '../../base/ip.ts'
import { formatChain, formatRule } from '../../netfilter/format.ts'
import { formatSetChanges } from '../../netfilter/ipset-text.ts'
import { formatServerChanges } from '../../netfilter/ipvs/server-change.ts'
import type { Rule, TableName } from '../../netfilter/rule.ts'
import { boundAddress } from './device.ts'
import type { IpvsPartialSync } from './proxy.ts'
import { OUT_FILTER } from './rules.ts'
import { kernelName } from './sets.ts'

/** In the order in which they are to be loaded; empty where nothing changed. */
export interface IpvsPartialFiles {
  /** For `ipset restore`. */
  readonly sets: string
  /** For `ip -batch`. */
  readonly addresses: string
  /** For `ipvsadm -R`. */
  readonly servers: string
  /** For `iptables-restore --noflush`, or `ip6tables-restore`. */
  readonly rules: string
}

export function partialFiles(sync: IpvsPartialSync): IpvsPartialFiles {
  const { family, servers, entries } = sync
  return {
    sets: formatSetChanges(entries.map(({ set, ...change }) => ({ ...change, set: kernelName(set, family) }))),
    addresses: formatAddresses(sync),
    servers: formatServerChanges(servers),
    rules: formatRules(sync, 'nat') + formatRules(sync, 'filter'),
  }
}

function formatAddresses({ bind, unbind }: IpvsPartialSync): string {
  const lines = [
    ...bind.map(boundAddress).map(({ link, own }) => {
      return `addr replace ${formatInterfaceAddress(own)} dev ${link}${isIpv4(own.address) ? '' : ' nodad'}`
    }),
    ...unbind.map(boundAddress).map(({ link, own }) => `addr del ${formatInterfaceAddress(own)} dev ${link}`),
  ]
  return lines.map(line => `${line}\n`).join('')
}

function formatRules({ family, chains, refusals }: IpvsPartialSync, table: TableName): string {
  const own = chains.filter(one => one.table === table)
  const single = table === 'filter' ? refusals : { remove: [], add: [] }
  const added = (rule: Rule) => formatRule(OUT_FILTER, rule, family, 'restore')
  const lines = [
    // Declaring a chain that is there empties it.
    ...own.map(({ chain }) => `:${chain.name} - [0:0]\n`),
    ...own.map(({ chain }) => formatChain(chain, family, 'restore')),
    ...single.remove.map(rule => `${added(rule).replace('-A', '-D')}\n`),
    ...single.add.map(rule => `${added(rule)}\n`),
  ]
  return lines.length === 0 ? '' : `*${table}\n${lines.join('')}COMMIT\n`
}
