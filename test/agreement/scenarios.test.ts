/** The kernel does what a trace says: flows through the scenarios, with one kind of iptables or the other. */
import { readdirSync } from 'node:fs'
import t from 'tap'
import { isSkipped, verified } from './verifying.ts'

t.setTimeout(1_800_000)

for (const [i, name] of readdirSync('scenarios').sort().entries()) {
  const variant = i % 2 === 0 ? 'nft' : 'legacy'
  t.test(`${name}, with iptables-${variant}`, async t => {
    if (isSkipped(t)) return
    const flows = ['--flows', '10', '--events', '1', '--seed', '1']
    const report = await verified(t, ['-f', `scenarios/${name}/manifests`, ...flows, '--iptables', variant])
    if (report) t.ok(report.totals.flows >= 20, `${report.totals.flows} flows`)
  })
}
