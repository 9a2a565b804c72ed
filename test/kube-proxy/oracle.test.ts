/** Real kube-proxy 1.37.1 programmed a kernel; we make the same rules of the same objects. */
import { existsSync } from 'node:fs'
import t, { type Test } from 'tap'
import { syncFull } from '../../src/kube-proxy/iptables/proxy.ts'
import { iptablesSysctls } from '../../src/kube-proxy/sysctls.ts'
import { formatSave } from '../../src/netfilter/format.ts'
import { canonIptables, canonLines } from '../canon.ts'
import { type OracleCase, oracleCases, proxyOf } from './oracle-case.ts'

const ALL = '../shared/oracle/kube-proxy'
const COPIED = 'test/fixtures/kube-proxy'

function check(t: Test, own: OracleCase) {
  t.test(`${own.name}: the kernel holds the same rules`, async t => {
    const proxy = proxyOf(own)
    for (const [family, file] of [
      [4, 'iptables-save.txt'],
      [6, 'ip6tables-save.txt'],
    ] as const) {
      const made = canonIptables(formatSave(syncFull(proxy, family)))
      t.strictSame(made, canonIptables(own.answer(`iptables/${file}`)), file)
    }
    const sysctls = iptablesSysctls(proxy.families[4].settings).map(({ key, value }) => `${key}=${value}`)
    t.strictSame(sysctls, canonLines(own.answer('iptables/sysctl.txt')), 'sysctl.txt')
  })
}

const copied = oracleCases(COPIED)
t.ok(copied.length >= 15, 'a selection of cases is part of the project')
for (const own of copied) check(t, own)

t.test('all cases', { skip: existsSync(ALL) ? false : `${ALL} is not there` }, async t => {
  for (const own of oracleCases(ALL)) check(t, own)
})
