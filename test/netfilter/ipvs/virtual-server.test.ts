/** What tells virtual servers apart, their order, and what leads from one to the other. */
import { deepEqual } from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { parseIp } from '../../../src/base/ip.ts'
import { ICMP } from '../../../src/base/protocol.ts'
import { formatIpvsSave } from '../../../src/netfilter/ipvs/ipvsadm-text.ts'
import { serverChanges } from '../../../src/netfilter/ipvs/server-change.ts'
import { formatVirtualAddress, type VirtualServer } from '../../../src/netfilter/ipvs/virtual-server.ts'
import { ServerTable } from '../../kube-proxy/ipvs/server-table.ts'
import { anyServers } from './arbitrary.ts'

t.test('only TCP, UDP and SCTP are balanced', async t => {
  const at = { by: 'address', protocol: ICMP, ip: parseIp('10.96.0.1'), port: 0 } as const
  t.throws(() => formatVirtualAddress(at), RangeError)
})

t.test('servers are listed in one order, however they came', async () => {
  fc.assert(
    fc.property(anyServers, servers => {
      const back = servers.map(server => ({ ...server, reals: [...server.reals].reverse() })).reverse()
      deepEqual(formatIpvsSave(back), formatIpvsSave(servers))
    }),
  )
})

t.test('changes lead from any state of a server to any other', async () => {
  const anyPair = fc.tuple(anyServers, anyServers).filter(([[a], [b]]) => a !== undefined && b !== undefined)
  fc.assert(
    fc.property(anyPair, fc.boolean(), ([[first], [second]], isSame) => {
      if (!first || !second) return
      const states: (VirtualServer | undefined)[] = [undefined, first, { ...second, at: first.at }, undefined]
      if (isSame) states.splice(2, 0, { ...first, reals: [...first.reals].reverse() })
      const table = new ServerTable([])
      states.slice(1).forEach((after, i) => {
        const changes = serverChanges(states[i], after)
        table.apply(changes)
        deepEqual(table.text(), formatIpvsSave(after ? [after] : []))
        deepEqual(serverChanges(after, after && structuredClone(after)), [])
        if (isSame && i === 1) deepEqual(changes, [])
      })
    }),
    { numRuns: 300 },
  )
})
