import t from 'tap'
import { inOrder } from '../../src/lab/nested-traces.ts'
import { NftTraceReader } from '../../src/lab/nft-trace.ts'

/** As nft 1.0.6 prints it of a packet that a rule rejects, and of the message that this sends. */
const REJECTED = `trace id 1 ip filter FORWARD packet: iif "cbr0" ip saddr 10.0.0.2 ip daddr 10.96.0.1 ip ttl 63 tcp sport 4 tcp dport 80
trace id 1 ip filter FORWARD rule counter jump KUBE # handle 7 (verdict jump KUBE)
trace id 2 ip filter OUTPUT packet: oif "cbr0" ip saddr 10.0.0.1 ip daddr 10.0.0.2 ip ttl 64 icmp type 3 icmp code 3
trace id 2 ip filter OUTPUT rule counter accept # handle 9 (verdict accept)
trace id 1 ip filter KUBE rule counter reject # handle 8 (verdict drop)
trace id 3 ip filter FORWARD packet: iif "cbr0" ip saddr 10.0.0.2 ip daddr 10.96.0.2 ip ttl 63 tcp sport 4 tcp dport 80
trace id 3 ip filter FORWARD rule counter jump KUBE # handle 7 (verdict jump KUBE)`

function read(text: string) {
  const reader = new NftTraceReader('own')
  return text
    .split('\n')
    .map(line => reader.read(line))
    .filter(event => event?.kind === 'met')
}

t.test('what REJECT sends is told behind the rule that sent it', async t => {
  const places = inOrder(read(REJECTED)).map(({ chain, rule }) => `${chain} ${rule}`)
  t.strictSame(places, ['FORWARD 7', 'KUBE 8', 'OUTPUT 9', 'FORWARD 7'])
})

t.test('packets one after the other stay in their order, also those with one id', async t => {
  const again = REJECTED.replaceAll('id 3', 'id 1')
  const places = inOrder(read(again)).map(({ chain, rule }) => `${chain} ${rule}`)
  t.strictSame(places, ['FORWARD 7', 'KUBE 8', 'OUTPUT 9', 'FORWARD 7'])
})
