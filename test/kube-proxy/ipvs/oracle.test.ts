/** Real kube-proxy 1.37.1 in IPVS mode programmed a node; we make the same of the same objects. */
import { existsSync } from 'node:fs'
import t, { type Test } from 'tap'
import { FAMILIES, formatPrefix, hostPrefix } from '../../../src/base/ip.ts'
import { createIpvsProxy, syncFull } from '../../../src/kube-proxy/ipvs/proxy.ts'
import { formatSave } from '../../../src/netfilter/format.ts'
import { formatSetsSave } from '../../../src/netfilter/ipset-text.ts'
import { formatIpvsSave } from '../../../src/netfilter/ipvs/ipvsadm-text.ts'
import { canonIpset, canonIptables, canonIpvsadm, canonLines } from '../../canon.ts'
import { informed, type OracleCase, oracleCases } from '../oracle-case.ts'

const ALL = '../shared/oracle/kube-proxy'
const COPIED = 'test/fixtures/kube-proxy'

function check(t: Test, own: OracleCase) {
  t.test(`${own.name}: the node has the same servers, sets, addresses, rules and settings`, async t => {
    const { host } = own
    // The kernel of these answers had no xt_ipvs, and refused tables that use it.
    const features = { ...host.features, ipvsMatch: false }
    const proxy = informed(createIpvsProxy({ ...own, host: { ...host, features } }), own)
    const states = FAMILIES.map(family => syncFull(proxy, family))
    const answer = (file: string) => own.answer(`ipvs/${file}`)
    for (const { family, rules } of states) {
      const file = family === 4 ? 'iptables-save.txt' : 'ip6tables-save.txt'
      t.strictSame(canonIptables(formatSave(rules)), canonIptables(answer(file)), file)
    }
    const servers = formatIpvsSave(states.flatMap(state => state.servers))
    t.strictSame(canonIpvsadm(servers), canonIpvsadm(answer('ipvsadm.txt')), 'ipvsadm.txt')
    const sets = formatSetsSave(states.flatMap(state => state.sets))
    t.strictSame(canonIpset(sets), canonIpset(answer('ipset.txt')), 'ipset.txt')
    const addresses = states.flatMap(state => state.addresses.map(ip => formatPrefix(hostPrefix(ip))))
    t.strictSame(addresses.sort(), canonLines(answer('kube-ipvs0.txt')), 'kube-ipvs0.txt')
    const sysctls = states[0]?.sysctls.map(({ key, value }) => `${key}=${value}`)
    t.strictSame(sysctls?.sort(), canonLines(answer('sysctl.txt')), 'sysctl.txt')
  })
}

const copied = oracleCases(COPIED)
t.ok(copied.length >= 15, 'a selection of cases is part of the project')
for (const own of copied) check(t, own)

t.test('all cases', { skip: existsSync(ALL) ? false : `${ALL} is not there` }, async t => {
  for (const own of oracleCases(ALL)) check(t, own)
})
