/** The kernel takes the sets, addresses and rules of IPVS mode, whole and as changes. It may lack IPVS itself. */
import fc from 'fast-check'
import t from 'tap'
import { FAMILIES, type Family, formatInterfaceAddress } from '../../../src/base/ip.ts'
import { boundAddress, IPVS_DEVICE } from '../../../src/kube-proxy/ipvs/device.ts'
import { partialFiles } from '../../../src/kube-proxy/ipvs/partial-files.ts'
import {
  createIpvsProxy,
  currentState,
  type IpvsProxy,
  syncChanged,
  syncFull,
} from '../../../src/kube-proxy/ipvs/proxy.ts'
import { formatRestore, formatSave } from '../../../src/netfilter/format.ts'
import { formatSetsRestore, formatSetsSave } from '../../../src/netfilter/ipset-text.ts'
import { canonIpset, canonIptables } from '../../canon.ts'
import { inNamespace, type Namespace, type Need } from '../../kernel/netns.ts'
import { anyStep, take, type World } from '../changes.ts'
import { configuration, host } from '../objects.ts'
import { informed, oracleCases } from '../oracle-case.ts'

const NEEDS: readonly Need[] = [
  'bridge device',
  'ipset',
  'iptables-legacy-restore',
  'ip6tables-legacy-restore',
  'xt_addrtype',
  'xt_comment',
  'xt_conntrack',
  'xt_mark',
  'xt_physdev',
  'xt_REJECT',
]

const IPTABLES: Readonly<Record<Family, string>> = { 4: 'iptables-legacy', 6: 'ip6tables-legacy' }

/** What it holds, in the order in which it is compared. */
async function heldIn(ns: Namespace): Promise<unknown> {
  const addresses = await ns.run('ip', ['-o', 'addr', 'show', 'dev', IPVS_DEVICE.name])
  return {
    sets: canonIpset(await ns.run('ipset', ['save'])),
    addresses: Array.from(addresses.matchAll(/ inet6? (\S+)/g), ([, address = '']) => address).sort(),
    rules: await Promise.all(FAMILIES.map(async family => canonIptables(await ns.run(`${IPTABLES[family]}-save`)))),
  }
}

function wanted(proxy: IpvsProxy): unknown {
  const states = FAMILIES.map(family => currentState(proxy, family))
  const addresses = states.flatMap(state => state.addresses)
  return {
    sets: canonIpset(formatSetsSave(states.flatMap(({ sets }) => sets))),
    addresses: addresses.map(ip => formatInterfaceAddress(boundAddress(ip).own)).sort(),
    rules: states.map(({ rules }) => canonIptables(formatSave(rules))),
  }
}

async function load(ns: Namespace, proxy: IpvsProxy): Promise<void> {
  for (const { family, sets, addresses, rules } of FAMILIES.map(family => currentState(proxy, family))) {
    await ns.run('ipset', ['restore', '-exist'], formatSetsRestore(sets))
    const bound = addresses.map(
      ip => `addr replace ${formatInterfaceAddress(boundAddress(ip).own)} dev ${IPVS_DEVICE.name}\n`,
    )
    await ns.run('ip', ['-batch', '-'], bound.join(''))
    await ns.run(`${IPTABLES[family]}-restore`, ['--noflush'], formatRestore(rules))
  }
}

t.test('loaded twice, the kernel holds what is written for it', t =>
  inNamespace(t, NEEDS, async ns => {
    // A bridge takes addresses as a dummy device does, and every kernel has it.
    await ns.run('ip', ['link', 'add', IPVS_DEVICE.name, 'type', 'bridge'])
    for (const own of oracleCases('test/fixtures/kube-proxy')) {
      const features = { ...own.host.features, ipvsMatch: false }
      const proxy = informed(createIpvsProxy({ ...own, host: { ...own.host, features } }), own)
      for (const family of FAMILIES) syncFull(proxy, family)
      await ns.run('ip', ['addr', 'flush', 'dev', IPVS_DEVICE.name])
      for (const time of ['once', 'twice']) {
        await load(ns, proxy)
        t.strictSame(await heldIn(ns), wanted(proxy), `${own.name}, ${time}`)
      }
    }
  }),
)

t.test('the kernel takes changes, and holds what a whole load would have', t =>
  inNamespace(t, NEEDS, async ns => {
    const rounds = fc.sample(fc.array(anyStep, { minLength: 1, maxLength: 3 }), { numRuns: 60, seed: 8 })
    const proxy = createIpvsProxy({ config: configuration(), host: host({}, { ipvsMatch: false }) })
    const world: World = { services: new Map(), slices: new Map() }
    for (const family of FAMILIES) syncFull(proxy, family)
    await ns.run('ip', ['link', 'add', IPVS_DEVICE.name, 'type', 'bridge'])
    await load(ns, proxy)
    let changes = 0
    for (const steps of rounds) {
      for (const step of steps) take(step, proxy, world)
      for (const family of FAMILIES) {
        const { sets, addresses, rules } = partialFiles(syncChanged(proxy, family))
        changes += [sets, addresses, rules].filter(text => text !== '').length
        await ns.run('ipset', ['restore'], sets)
        await ns.run('ip', ['-batch', '-'], addresses)
        await ns.run(`${IPTABLES[family]}-restore`, ['--noflush'], rules)
      }
      t.strictSame(await heldIn(ns), wanted(proxy))
    }
    t.ok(changes > 60, 'there was much to do')
  }),
)
