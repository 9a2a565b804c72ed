/** What a configuration asks of IPVS mode. */
import t from 'tap'
import { formatIp, parsePrefix } from '../../../src/base/ip.ts'
import { parseGoDuration } from '../../../src/kube-proxy/ipvs/go-duration.ts'
import { createIpvsProxy, syncFull } from '../../../src/kube-proxy/ipvs/proxy.ts'
import { ipvsSettingsOf, isExcluded } from '../../../src/kube-proxy/ipvs/settings.ts'
import { setService } from '../../../src/kube-proxy/service-map.ts'
import { formatIpvsSave } from '../../../src/netfilter/ipvs/ipvsadm-text.ts'
import type { KubeProxyConfiguration } from '../../../src/objects/kube-proxy-configuration.ts'
import { configuration, host, service } from '../objects.ts'

type Ipvs = NonNullable<KubeProxyConfiguration['ipvs']>

function settings(ipvs: Ipvs = {}) {
  return ipvsSettingsOf({ config: configuration({ ipvs }), host: host() }, 4)
}

// biome-ignore format: one case, one row
const DURATIONS: readonly (readonly [text: string, seconds: number])[] = [
  ['0', 0], ['0s', 0], ['15m0s', 900], ['1h30m', 5400], ['1.5s', 1.5], ['.5h', 1800], ['+90s', 90], ['1m500ms', 60.5],
]
for (const [text, seconds] of DURATIONS) {
  t.test(`${text} is ${seconds} s`, async t => t.equal(parseGoDuration(text), seconds))
}
for (const text of ['', '15', 's', '-1s', '1d', '1 s', '1.s.', 'x1s']) {
  t.test(`"${text}" is no duration`, async t => t.throws(() => parseGoDuration(text), { code: 'ERR_PARSE' }))
}

t.test('timeouts are set when one of them is', async t => {
  t.strictSame(settings({ tcpTimeout: '15m0s', udpTimeout: '1500ms' }).timeouts, { tcp: 900, tcpFin: 0, udp: 1 })
  t.equal(settings({ tcpTimeout: '0s', tcpFinTimeout: '0s', udpTimeout: '0s' }).timeouts, undefined)
  t.throws(() => settings({ tcpFinTimeout: 'soon' }), { message: /^KubeProxyConfiguration ipvs.tcpFinTimeout: / })
})

t.test('excluded networks are of either family', async t => {
  const { excluded } = settings({ excludeCIDRs: ['10.0.0.0/8', 'fd00::/8'] })
  t.strictSame(excluded, [parsePrefix('10.0.0.0/8'), parsePrefix('fd00::/8')])
  const own = settings({ excludeCIDRs: ['10.0.0.0/8'] })
  t.ok(isExcluded(parsePrefix('10.1.0.0/32').base, own))
  t.notOk(isExcluded(parsePrefix('fd00::/128').base, own))
  t.throws(() => settings({ excludeCIDRs: ['10.0.0.1'] }), {
    message: /^KubeProxyConfiguration ipvs.excludeCIDRs\[0\]: /,
  })
})

t.test('the scheduler is rr unless another is asked for', async t => {
  for (const [ipvs, line] of [
    [{}, '-A -t 10.96.0.10:80 -s rr\n'],
    [{ scheduler: '' }, '-A -t 10.96.0.10:80 -s rr\n'],
    [{ scheduler: 'wlc' }, '-A -t 10.96.0.10:80 -s wlc\n'],
    [{ scheduler: 'mh' }, '-A -t 10.96.0.10:80 -s mh -b mh-port\n'],
  ] as const) {
    const proxy = createIpvsProxy({ config: configuration({ ipvs }), host: host() })
    setService(proxy, service())
    t.equal(formatIpvsSave(syncFull(proxy, 4).servers), line)
  }
})

t.test("the machine's own addresses leave out loopback and, in IPv6, link-local ones", async t => {
  const interfaceIps = ['127.0.0.1', '169.254.1.1', '192.168.64.11', '192.168.64.11', '::1', 'fe80::1', 'fd00::2']
  const own = host({
    interfaceIps: interfaceIps.map(text => parsePrefix(`${text}/${text.includes(':') ? 128 : 32}`).base),
  })
  const localIps = (family: 4 | 6) =>
    ipvsSettingsOf({ config: configuration(), host: own }, family).localIps.map(formatIp)
  t.strictSame(localIps(4), ['169.254.1.1', '192.168.64.11'])
  t.strictSame(localIps(6), ['fd00::2'])
})
