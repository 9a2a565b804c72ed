/** Real kube-proxy 1.37.1 in nftables mode programmed a kernel; we make the same tables of the same objects. */
import { existsSync } from 'node:fs'
import t, { type Test } from 'tap'
import { createNftProxy, syncFull } from '../../../src/kube-proxy/nftables/proxy.ts'
import { formatNftRuleset } from '../../../src/netfilter/nftables/format.ts'
import { canonNft } from '../../canon.ts'
import { informed, type OracleCase, oracleCases } from '../oracle-case.ts'

const ALL = '../shared/oracle/kube-proxy'
const COPIED = 'test/fixtures/kube-proxy'

function check(t: Test, own: OracleCase) {
  t.test(`${own.name}: the kernel holds the same tables`, async t => {
    const proxy = informed(createNftProxy(own), own)
    const made = formatNftRuleset({ tables: [syncFull(proxy, 4), syncFull(proxy, 6)] })
    t.strictSame(canonNft(made), canonNft(own.answer('nftables/nft.txt')))
  })
}

const copied = oracleCases(COPIED)
t.ok(copied.length >= 15, 'a selection of cases is part of the project')
for (const own of copied) check(t, own)

t.test('all cases', { skip: existsSync(ALL) ? false : `${ALL} is not there` }, async t => {
  for (const own of oracleCases(ALL)) check(t, own)
})
