/** Which servers there are over time: who parts, who is left alone, what a proxy that starts finds. */
import t from 'tap'
import { parseIp } from '../../../src/base/ip.ts'
import { type Busy, NOBODY_BUSY } from '../../../src/kube-proxy/ipvs/draining.ts'
import {
  createIpvsProxy,
  currentState,
  endDraining,
  type IpvsProxy,
  syncChanged,
  syncFull,
  takeOver,
} from '../../../src/kube-proxy/ipvs/proxy.ts'
import { removeService, setService, setSlice } from '../../../src/kube-proxy/service-map.ts'
import { parseIpvs } from '../../../src/netfilter/ipvs/ipvsadm-reader.ts'
import { formatIpvsSave } from '../../../src/netfilter/ipvs/ipvsadm-text.ts'
import { formatServerChanges } from '../../../src/netfilter/ipvs/server-change.ts'
import type { KubeProxyConfiguration } from '../../../src/objects/kube-proxy-configuration.ts'
import type { ServicePort } from '../../../src/objects/service.ts'
import { configuration, endpoint, host, nodePortService, service, slice } from '../objects.ts'

const BUSY = () => true

function proxyOf(fields: Partial<KubeProxyConfiguration> = {}): IpvsProxy {
  return createIpvsProxy({ config: configuration(fields), host: host() })
}

/** Service default/web of one protocol, with these pods. */
function web(proxy: IpvsProxy, pods: readonly string[], protocol: NonNullable<ServicePort['protocol']> = 'TCP'): void {
  setService(proxy, service({ ports: [{ name: 'http', protocol, port: 80 }] }))
  setSlice(
    proxy,
    slice(
      pods.map(pod => endpoint(pod)),
      { ports: [{ name: 'http', protocol, port: 8080 }] },
    ),
  )
}

const lines = (...list: readonly string[]) => list.map(line => `${line}\n`).join('')
const held = (proxy: IpvsProxy) => formatIpvsSave(currentState(proxy, 4).servers)

t.test('a TCP endpoint that is gone gets no new connections, and goes with the last', async t => {
  const proxy = proxyOf()
  web(proxy, ['10.244.1.2', '10.244.1.3'])
  syncFull(proxy, 4)
  web(proxy, ['10.244.1.2'])
  const parting = '-e -t 10.96.0.10:80 -r 10.244.1.3:8080 -m -w 0'
  t.equal(formatServerChanges(syncChanged(proxy, 4, BUSY).servers), lines(parting))
  t.equal(
    held(proxy),
    lines(
      '-A -t 10.96.0.10:80 -s rr',
      '-a -t 10.96.0.10:80 -r 10.244.1.2:8080 -m -w 1',
      '-a -t 10.96.0.10:80 -r 10.244.1.3:8080 -m -w 0',
    ),
  )
  t.strictSame(endDraining(proxy, 4, BUSY), [], 'as long as there are connections, it stays')
  t.equal(formatServerChanges(endDraining(proxy, 4)), lines('-d -t 10.96.0.10:80 -r 10.244.1.3:8080'))
  t.notMatch(held(proxy), '10.244.1.3')
  t.strictSame(endDraining(proxy, 4), [], 'once')
})

t.test('one that comes back meanwhile is made anew', async t => {
  const proxy = proxyOf()
  web(proxy, ['10.244.1.2', '10.244.1.3'])
  syncFull(proxy, 4)
  web(proxy, ['10.244.1.2'])
  syncChanged(proxy, 4, BUSY)
  web(proxy, ['10.244.1.2', '10.244.1.3'])
  const back = ['-d -t 10.96.0.10:80 -r 10.244.1.3:8080', '-a -t 10.96.0.10:80 -r 10.244.1.3:8080 -m -w 1']
  t.equal(formatServerChanges(syncChanged(proxy, 4, BUSY).servers), lines(...back))
  t.strictSame(endDraining(proxy, 4), [])
  t.match(held(proxy), '10.244.1.3:8080 -m -w 1')
})

t.test('with its virtual server a real server goes at once', async t => {
  const proxy = proxyOf()
  web(proxy, ['10.244.1.2', '10.244.1.3'])
  syncFull(proxy, 4)
  web(proxy, ['10.244.1.2'])
  syncChanged(proxy, 4, BUSY)
  removeService(proxy, service())
  t.equal(formatServerChanges(syncChanged(proxy, 4, BUSY).servers), lines('-D -t 10.96.0.10:80'))
  t.strictSame(endDraining(proxy, 4), [])
})

for (const [protocol, selector] of [
  ['UDP', '-u'],
  ['SCTP', '--sctp-service'],
] as const) {
  t.test(`${protocol} knows no such grace`, async t => {
    const proxy = proxyOf()
    web(proxy, ['10.244.1.2', '10.244.1.3'], protocol)
    syncFull(proxy, 4)
    web(proxy, ['10.244.1.2'], protocol)
    const gone = `-d ${selector} 10.96.0.10:80 -r 10.244.1.3:8080`
    t.equal(formatServerChanges(syncChanged(proxy, 4, BUSY).servers), lines(gone))
  })
}

t.test('a service that changes its affinity keeps its virtual servers', async t => {
  const proxy = proxyOf()
  web(proxy, ['10.244.1.2'])
  syncFull(proxy, 4)
  setService(proxy, service({ sessionAffinity: 'ClientIP' }))
  t.equal(formatServerChanges(syncChanged(proxy, 4).servers), lines('-E -t 10.96.0.10:80 -s rr -p 10800'))
})

t.test('what is excluded stays once it is there, and is taken up again', async t => {
  const proxy = proxyOf({ ipvs: { excludeCIDRs: ['198.51.100.0/24'] } })
  const withExternal = service({ externalIPs: ['198.51.100.1'] })
  setService(proxy, withExternal)
  setSlice(proxy, slice([endpoint('10.244.1.2')]))
  t.ok(syncFull(proxy, 4).shared)
  removeService(proxy, withExternal)
  const sync = syncChanged(proxy, 4)
  t.equal(formatServerChanges(sync.servers), lines('-D -t 10.96.0.10:80'))
  t.strictSame(sync.unbind, [parseIp('10.96.0.10'), parseIp('198.51.100.1')], 'no address is')
  t.equal(held(proxy), lines('-A -t 198.51.100.1:80 -s rr', '-a -t 198.51.100.1:80 -r 10.244.1.2:8080 -m -w 1'))
  setService(proxy, withExternal)
  setSlice(proxy, slice([endpoint('10.244.1.3')]))
  t.equal(
    formatServerChanges(syncChanged(proxy, 4).servers),
    lines(
      '-A -t 10.96.0.10:80 -s rr',
      '-a -t 10.96.0.10:80 -r 10.244.1.3:8080 -m -w 1',
      '-a -t 198.51.100.1:80 -r 10.244.1.3:8080 -m -w 1',
      '-d -t 198.51.100.1:80 -r 10.244.1.2:8080',
    ),
  )
  t.equal(held(proxy).match(/^-A /gm)?.length, 2, 'each is there once')
})

t.test('a proxy that starts sets right what it finds, and leaves alone what is not its own', async t => {
  const found = parseIpvs(
    lines(
      '-A -t 10.96.0.10:80 -s rr',
      '-a -t 10.96.0.10:80 -r 10.244.1.2:8080 -m -w 0',
      '-a -t 10.96.0.10:80 -r 10.244.1.9:8080 -m -w 1',
      '-A -u 10.96.0.99:53 -s rr',
      '-A -t 198.51.100.1:80 -s rr',
      '-A -t [fd00:96::1]:80 -s rr',
      '-A -f 7 -s rr',
    ),
  )
  const started = (busy: Busy) => {
    const proxy = proxyOf({ ipvs: { excludeCIDRs: ['198.51.100.0/24'] } })
    web(proxy, ['10.244.1.2', '10.244.1.3'])
    syncFull(proxy, 4)
    return [formatServerChanges(takeOver(proxy, 4, found, busy)), held(proxy)] as const
  }
  const same = ['-e -t 10.96.0.10:80 -r 10.244.1.2:8080 -m -w 1', '-a -t 10.96.0.10:80 -r 10.244.1.3:8080 -m -w 1']
  const [changes, after] = started(NOBODY_BUSY)
  t.equal(changes, lines(...same, '-d -t 10.96.0.10:80 -r 10.244.1.9:8080', '-D -u 10.96.0.99:53'))
  t.match(after, '-A -t 198.51.100.1:80 -s rr\n')
  const [gently, meanwhile] = started(BUSY)
  t.equal(gently, lines(...same, '-e -t 10.96.0.10:80 -r 10.244.1.9:8080 -m -w 0', '-D -u 10.96.0.99:53'))
  t.match(meanwhile, '-r 10.244.1.9:8080 -m -w 0\n')
})

t.test('two services may claim one address: the first by name has it, then the other', async t => {
  const proxy = proxyOf()
  const claimant = (name: string, clusterIP: string) =>
    service({ clusterIP, clusterIPs: [clusterIP], externalIPs: ['198.51.100.1'] }, { name })
  setService(proxy, claimant('b', '10.96.0.2'))
  setSlice(proxy, slice([endpoint('10.244.1.2')], { of: 'b', name: 'b' }))
  syncFull(proxy, 4)
  setService(proxy, claimant('a', '10.96.0.1'))
  setSlice(proxy, slice([endpoint('10.244.1.1')], { of: 'a', name: 'a' }))
  syncChanged(proxy, 4)
  t.match(held(proxy), '-a -t 198.51.100.1:80 -r 10.244.1.1:8080')
  removeService(proxy, claimant('a', '10.96.0.1'))
  t.match(
    formatServerChanges(syncChanged(proxy, 4).servers),
    lines('-a -t 198.51.100.1:80 -r 10.244.1.2:8080 -m -w 1', '-d -t 198.51.100.1:80 -r 10.244.1.1:8080'),
  )
})

t.test('NodePorts have a virtual server at each address of the node, but none at loopback', async t => {
  const proxy = proxyOf()
  setService(proxy, nodePortService())
  t.equal(
    formatIpvsSave(syncFull(proxy, 4).servers),
    lines('-A -t 192.168.64.11:30080 -s rr', '-A -t 10.96.0.10:80 -s rr', '-A -t 10.244.1.1:30080 -s rr'),
  )
})

t.test('where no address answers for NodePorts, the port of the health check is closed too', async t => {
  const proxy = proxyOf({ nodePortAddresses: ['127.0.0.0/8'] })
  const checked = { type: 'LoadBalancer', externalTrafficPolicy: 'Local', healthCheckNodePort: 32000 } as const
  const entries = () => {
    const sets = syncFull(proxy, 4).sets.filter(({ name }) => name.includes('PORT'))
    return sets.filter(set => set.entries.length > 0).map(({ name }) => name)
  }
  setService(proxy, nodePortService(checked))
  t.strictSame(entries(), [])
  setService(proxy, service(checked))
  t.strictSame(entries(), ['KUBE-HEALTH-CHECK-NODE-PORT'])
})
