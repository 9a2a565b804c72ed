/** What the table of differences says of each mode is what the mode writes; and where it says nothing, it does not apply. */
import t from 'tap'
import { contrastsOf, DIFFERENCES } from '../../src/kube-proxy/modes/comparison.ts'
import { iptablesSysctls } from '../../src/kube-proxy/sysctls.ts'
import { ADDRESS_CHECKS } from './mode-address-checks.ts'
import { type Checks, has, linesWith, PLAIN } from './mode-checks.ts'
import { ENDPOINT_CHECKS } from './mode-endpoint-checks.ts'
import { rendered } from './mode-rendering.ts'
import { configuration, host } from './objects.ts'

const NODE_CHECKS: Checks = {
  'invalid-packets': (t, code) => {
    const made = rendered(PLAIN)
    t.ok(made.applies(code))
    t.ok(has(made.iptables, '-A KUBE-FORWARD', '--ctstate INVALID -j DROP'))
    t.notOk(has([...made.ipvs.rules, ...made.nftables.map(line => line.toUpperCase())], 'INVALID', 'DROP'))
    const liberal = rendered(PLAIN, { host: host({}, { tcpBeLiberal: true }) })
    t.notOk(liberal.applies(code))
    t.notOk(has(liberal.iptables, 'INVALID'))
  },
  forwarding: (t, code) => {
    const made = rendered(PLAIN)
    t.ok(made.applies(code))
    for (const rules of [made.iptables, made.ipvs.rules]) {
      t.ok(has(rules, '-A KUBE-FORWARD', '--mark 0x4000/0x4000 -j ACCEPT'))
      t.ok(has(rules, '-A KUBE-FORWARD', 'RELATED,ESTABLISHED -j ACCEPT'))
    }
    t.strictSame(
      linesWith(made.nftables, 'accept').filter(line => !line.includes('policy accept') && !line.startsWith('comment')),
      [],
    )
  },
  'masquerade-cluster-ip': (t, code) => {
    t.notOk(rendered(PLAIN).applies(code))
    const all = rendered(PLAIN, { config: configuration({ iptables: { masqueradeAll: true } }) })
    t.ok(all.applies(code), 'in one mode only')
    t.ok(has(all.iptables, '-A KUBE-SVC', '-d 10.96.0.10/32', '-j KUBE-MARK-MASQ'))
    t.ok(has(all.nft('services'), 'ip saddr != 10.244.0.0/16', 'outside cluster'))
    const blind = rendered(PLAIN, { config: configuration({ clusterCIDR: '' }) })
    t.ok(blind.applies(code))
    t.notOk(has(blind.iptables, '-d 10.96.0.10/32', '-j KUBE-MARK-MASQ'))
    t.notOk(has(blind.nft('services'), '@cluster-ips'))
    t.ok(has(blind.ipvs.rules, 'KUBE-CLUSTER-IP src,dst -j KUBE-MARK-MASQ'))
  },
  'masquerade-mark': (t, code) => {
    t.notOk(rendered(PLAIN).applies(code))
    const made = rendered(PLAIN, { config: configuration({ nftables: { masqueradeBit: 15 } }) })
    t.ok(made.applies(code))
    t.strictSame(
      [made.does(code, 'iptables'), made.does(code, 'ipvs'), made.does(code, 'nftables')],
      ['0x4000', '0x4000', '0x8000'],
    )
    t.ok(has(made.iptables, '--set-xmark 0x4000/0x4000'))
    t.ok(has(made.nftables, '0x00008000'))
  },
  sysctls: (t, code) => {
    const made = rendered(PLAIN)
    t.ok(made.applies(code))
    const own = iptablesSysctls(made.view.modes.iptables).map(({ key, value }) => `${key}=${value}`)
    t.equal(made.does(code, 'iptables'), own.join(', '))
    t.equal(made.does(code, 'ipvs'), made.ipvs.sysctls.join(', '))
    t.equal(made.does(code, 'nftables'), 'nothing')
  },
}

const CHECKS: Checks = { ...ENDPOINT_CHECKS, ...ADDRESS_CHECKS, ...NODE_CHECKS }

for (const { code, title } of DIFFERENCES) {
  t.test(`${code}: ${title}`, async t => {
    const check = CHECKS[code]
    t.ok(check, 'there is a check for it')
    check?.(t, code)
  })
}

t.test('the table is whole', async t => {
  const codes = DIFFERENCES.map(({ code }) => code)
  t.strictSame(Object.keys(CHECKS).sort(), [...codes].sort())
  t.equal(new Set(codes).size, codes.length, 'each code once')
  for (const { code, sources, when } of DIFFERENCES) {
    t.match(code, /^[a-z]+(?:-[a-z]+)*$/)
    t.ok(sources.length > 0, `${code} has a source`)
    t.ok(
      sources.every(source =>
        /^(?:k\/k#\d+|KEP-\d+|KubeProxyConfiguration: |[\w/.-]+\.(?:go|c|rst)|ipvsadm\(8\))/.test(source),
      ),
      code,
    )
    t.not(when, '')
  }
})

t.test('a mode does not differ from itself', async t => {
  const { view } = rendered(PLAIN)
  for (const mode of ['iptables', 'ipvs', 'nftables'] as const) t.strictSame(contrastsOf(view, [mode, mode]), [])
})

t.test('files of a mode that is not asked about are no source', async t => {
  const { view } = rendered(PLAIN)
  const sources = contrastsOf(view, ['iptables', 'nftables']).flatMap(contrast => contrast.sources)
  t.notOk(has(sources, 'pkg/proxy/ipvs/proxier.go'))
  t.ok(has(sources, 'pkg/proxy/iptables/proxier.go'))
})
