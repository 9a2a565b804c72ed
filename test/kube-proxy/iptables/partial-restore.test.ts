/** The text that brings a kernel from one state to the next. */
import t from 'tap'
import { formatPartialRestore } from '../../../src/kube-proxy/iptables/partial-restore.ts'
import { syncChanged, syncFull } from '../../../src/kube-proxy/iptables/proxy.ts'
import { removeService, setService, setSlice } from '../../../src/kube-proxy/service-map.ts'
import { endpoint, nodePortService, proxyWith, service, slice } from '../objects.ts'

const lines = (...text: string[]) => text.map(line => `${line}\n`).join('')

t.test('one endpoint gets another address: the chains of its service, and nothing else', async t => {
  const proxy = proxyWith([service(), slice([endpoint('10.244.1.2')])])
  syncFull(proxy, 4)
  setSlice(proxy, slice([endpoint('10.244.2.3')]))
  t.equal(
    formatPartialRestore(syncChanged(proxy, 4)),
    lines(
      '*nat',
      ':KUBE-SVC-CDGGSHYLG3RE2FKL - [0:0]',
      ':KUBE-SEP-VQGOCFX4X6FWJPNR - [0:0]',
      ':KUBE-SEP-UIQK3OSOSTRHRPBX - [0:0]',
      '-A KUBE-SVC-CDGGSHYLG3RE2FKL -m comment --comment "default/web:http cluster IP" -m tcp -p tcp -d 10.96.0.10 --dport 80 ! -s 10.244.0.0/16 -j KUBE-MARK-MASQ',
      '-A KUBE-SVC-CDGGSHYLG3RE2FKL -m comment --comment "default/web:http -> 10.244.2.3:8080" -j KUBE-SEP-VQGOCFX4X6FWJPNR',
      '-A KUBE-SEP-VQGOCFX4X6FWJPNR -m comment --comment default/web:http -s 10.244.2.3 -j KUBE-MARK-MASQ',
      '-A KUBE-SEP-VQGOCFX4X6FWJPNR -m comment --comment default/web:http -m tcp -p tcp -j DNAT --to-destination 10.244.2.3:8080',
      '-X KUBE-SEP-UIQK3OSOSTRHRPBX',
      'COMMIT',
    ),
  )
})

t.test('the last endpoint goes: the service leaves nat and is refused in filter, in its place', async t => {
  const other = service({ clusterIP: '10.96.0.11' }, { name: 'a' })
  const proxy = proxyWith([other, service(), slice([endpoint('10.244.1.2')])])
  syncFull(proxy, 4)
  setSlice(proxy, slice([], { addressType: 'IPv4' }))
  t.equal(
    formatPartialRestore(syncChanged(proxy, 4)),
    lines(
      '*filter',
      '-I KUBE-SERVICES 2 -m comment --comment "default/web:http has no endpoints" -m tcp -p tcp -d 10.96.0.10 --dport 80 -j REJECT',
      'COMMIT',
      '*nat',
      ':KUBE-SVC-CDGGSHYLG3RE2FKL - [0:0]',
      ':KUBE-SEP-UIQK3OSOSTRHRPBX - [0:0]',
      '-D KUBE-SERVICES 1',
      '-X KUBE-SVC-CDGGSHYLG3RE2FKL',
      '-X KUBE-SEP-UIQK3OSOSTRHRPBX',
      'COMMIT',
    ),
  )
  removeService(proxy, other)
  t.equal(formatPartialRestore(syncChanged(proxy, 4)), lines('*filter', '-D KUBE-SERVICES 1', 'COMMIT'))
})

t.test('the last endpoint of this node moves away: what policy Local cannot send is dropped', async t => {
  const proxy = proxyWith([nodePortService({ externalTrafficPolicy: 'Local' }), slice([endpoint('10.244.1.2')])])
  syncFull(proxy, 4)
  setSlice(proxy, slice([endpoint('10.244.1.2', 'node-2')]))
  const { edits, stale } = syncChanged(proxy, 4)
  t.match(edits, [
    { table: 'filter', chain: 'KUBE-EXTERNAL-SERVICES', at: 1, remove: 0, insert: [{ target: { do: 'drop' } }] },
  ])
  t.strictSame(stale, ['KUBE-SVL-CDGGSHYLG3RE2FKL'])
})

t.test('several rules that come are put one behind the other', async t => {
  const proxy = proxyWith([nodePortService({ externalIPs: ['198.51.100.7', '198.51.100.8'] })])
  syncFull(proxy, 4)
  setSlice(proxy, slice([endpoint('10.244.1.2')]))
  const commands = formatPartialRestore(syncChanged(proxy, 4)).match(/^-[DI] \S+ \d+/gm)
  t.strictSame(commands, [
    '-D KUBE-SERVICES 1',
    '-D KUBE-EXTERNAL-SERVICES 1',
    '-D KUBE-EXTERNAL-SERVICES 1',
    '-D KUBE-EXTERNAL-SERVICES 1',
    '-I KUBE-SERVICES 1',
    '-I KUBE-SERVICES 2',
    '-I KUBE-SERVICES 3',
    '-I KUBE-NODEPORTS 1',
  ])
})

t.test('a change that means nothing for rules writes nothing', async t => {
  const proxy = proxyWith([service()])
  syncFull(proxy, 4)
  setService(proxy, service({}, { labels: { app: 'web' } }))
  setSlice(proxy, slice([endpoint('fd00::1')]))
  t.equal(formatPartialRestore(syncChanged(proxy, 4)), '')
})
