/**
 * The kernel does what a trace says: flows through clusters drawn at random, with both kinds of iptables.
 *
 * Every flow is an assertion. One on which model and kernel disagree shows both, side by side.
 */
import t from 'tap'
import { isSkipped, verified } from './verifying.ts'

t.setTimeout(1_800_000)

const CLUSTERS = 10
const LEAST_FLOWS = 300
const DRAWN = ['--clusters', String(CLUSTERS), '--flows', '15', '--events', '1', '--seed', '7']

/** What happens to some of them, as reports tell it. */
const EVENTS: readonly RegExp[] = [/ is gone:/, / fdb del /, / route del /, / hairpin off:/, / mtu \d+:/, / down:/]

for (const variant of ['nft', 'legacy']) {
  t.test(`${CLUSTERS} clusters drawn at random, with iptables-${variant}`, async t => {
    if (isSkipped(t)) return
    const report = await verified(t, [...DRAWN, '--iptables', variant])
    if (!report) return
    const clusters = new Set(report.flows.map(({ flow }) => /^cluster \d+/.exec(flow)?.[0]))
    t.equal(clusters.size, CLUSTERS, 'all clusters were asked')
    t.ok(report.totals.flows >= LEAST_FLOWS, `${report.totals.flows} flows are at least ${LEAST_FLOWS}`)
    for (const event of EVENTS)
      t.ok(
        report.flows.some(({ flow }) => event.test(flow)),
        `${event} was among them`,
      )
  })
}

t.test('the kernel draws each endpoint as often as the model says', async t => {
  if (isSkipped(t)) return
  const flow = ['-f', 'test/fixtures/agreement', 'pod/client', 'svc/web:80', '--draws', '200']
  const report = await verified(t, flow)
  const [frequency] = report?.frequencies ?? []
  t.equal(frequency?.trials, 200)
  t.equal(frequency?.outcomes.length, 3, 'of three endpoints')
})
