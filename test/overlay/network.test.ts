import t from 'tap'
import { formatPrefix } from '../../src/base/ip.ts'
import { DEFAULT_BACKEND, formatNetConf, readFlannelNetwork } from '../../src/overlay/network.ts'

const NETWORK = '10.244.0.0/16'
const SIX = { EnableIPv6: true, IPv6Network: 'fd00:10:244::/56' }

t.test('readFlannelNetwork() reads', async t => {
  // biome-ignore format: one case, one row
  const rows = [
    ['a bare network as vxlan', { Network: NETWORK }, DEFAULT_BACKEND],
    ['host-gw', { Network: NETWORK, Backend: { Type: 'host-gw' } }, { kind: 'host-gw' }],
    ['keys of any case', { network: NETWORK, backend: { type: 'vxlan', vni: 7 } }, { ...DEFAULT_BACKEND, vni: 7 }],
    ['port 0 as the kernel\'s own', { Network: NETWORK, Backend: { Type: 'vxlan', Port: 0 } }, DEFAULT_BACKEND],
    ['MTU 0 as none', { Network: NETWORK, Backend: { Type: 'vxlan', MTU: 0 } }, DEFAULT_BACKEND],
    ['all options of vxlan', { Network: NETWORK, Backend: { Type: 'vxlan', VNI: 4096, Port: 4789, MTU: 1400, GBP: true, Learning: true, DirectRouting: true } },
      { kind: 'vxlan', vni: 4096, port: 4789, mtu: 1400, gbp: true, learning: true, directRouting: true }],
  ] as const
  for (const [what, conf, backend] of rows) t.same(readFlannelNetwork(conf).backend, backend, what)

  const texts = (conf: unknown) => {
    const { pods } = readFlannelNetwork(conf)
    return [pods[4], pods[6]].map(prefix => prefix && formatPrefix(prefix))
  }
  t.same(texts({ Network: '10.244.7.9/16' }), [NETWORK, undefined], 'a network less its host bits')
  t.same(texts({ Network: NETWORK, ...SIX }), [NETWORK, SIX.IPv6Network], 'both families')
  t.same(texts({ EnableIPv4: false, ...SIX }), [undefined, SIX.IPv6Network], 'IPv6 alone')
  t.same(
    texts({ Network: NETWORK, IPv6Network: SIX.IPv6Network }),
    [NETWORK, undefined],
    'IPv6 only when it is enabled',
  )
  t.equal(readFlannelNetwork({ Network: NETWORK, EnableNFTables: true }).nftables, true, 'the wish for nftables')
})

t.test('readFlannelNetwork() refuses', async t => {
  // biome-ignore format: one case, one row
  const rows = [
    ['what is no object', [], 'net-conf.json: Cannot parse flannel configuration "[]": not an object'],
    ['a backend that is no object', { Network: NETWORK, Backend: 'vxlan' }, 'net-conf.json Backend: Cannot parse flannel configuration "\\"vxlan\\"": not an object'],
    ['no network', {}, 'net-conf.json Network: Cannot parse flannel configuration "nothing": no IPv4 network'],
    ['a network without a length', { Network: '10.244.0.0' }, 'net-conf.json Network: Cannot parse network "10.244.0.0": no length'],
    ['a network that is none', { Network: '10.244.0/16' }, 'net-conf.json Network: Cannot parse IPv4 address "10.244.0": 3 octets, not 4'],
    ['a network of the other family', { Network: 'fd00::/56' }, 'net-conf.json Network: Cannot parse flannel configuration "fd00::/56": not an IPv4 network'],
    ['no family at all', { EnableIPv4: false }, 'net-conf.json EnableIPv4: Cannot parse flannel configuration "false": no family is enabled'],
    ['an enabled IPv6 without network', { Network: NETWORK, EnableIPv6: true }, 'net-conf.json IPv6Network: Cannot parse flannel configuration "nothing": no IPv6 network'],
    ['a flag that is text', { Network: NETWORK, EnableIPv6: 'yes' }, 'net-conf.json EnableIPv6: Cannot parse flannel configuration "yes": neither true nor false'],
    ['a backend of another kind', { Network: NETWORK, Backend: { Type: 'wireguard' } }, 'net-conf.json Backend.Type: Cannot parse flannel configuration "wireguard": podwire knows vxlan and host-gw'],
    ['a VNI of 25 bits', { Network: NETWORK, Backend: { Type: 'vxlan', VNI: 1 << 24 } }, 'net-conf.json Backend.VNI: Cannot parse flannel configuration "16777216": not a whole number of 0 to 16777215'],
    ['a broken port', { Network: NETWORK, Backend: { Type: 'vxlan', Port: 4789.5 } }, 'net-conf.json Backend.Port: Cannot parse flannel configuration "4789.5": not a whole number of 0 to 65535'],
    ['a flag of the backend that is a number', { Network: NETWORK, Backend: { Type: 'vxlan', DirectRouting: 1 } }, 'net-conf.json Backend.DirectRouting: Cannot parse flannel configuration "1": neither true nor false'],
  ] as const
  for (const [what, conf, message] of rows)
    t.throws(() => readFlannelNetwork(conf), { code: 'ERR_INPUT', message }, what)
})

t.test('formatNetConf() writes what readFlannelNetwork() reads back', async t => {
  for (const conf of [
    { Network: NETWORK },
    { Network: NETWORK, ...SIX, EnableNFTables: true, Backend: { Type: 'host-gw' } },
    { EnableIPv4: false, ...SIX, Backend: { Type: 'vxlan', VNI: 9, Port: 4789, MTU: 1400, DirectRouting: true } },
    { Network: NETWORK, Backend: { Type: 'vxlan', Learning: true, GBP: true } },
  ]) {
    const network = readFlannelNetwork(conf)
    t.same(readFlannelNetwork(JSON.parse(formatNetConf(network))), network)
  }
  t.equal(
    formatNetConf(readFlannelNetwork({ Network: NETWORK, Backend: { Type: 'vxlan', VNI: 2 } })),
    `{
  "Network": "10.244.0.0/16",
  "EnableNFTables": false,
  "Backend": {
    "Type": "vxlan",
    "VNI": 2
  }
}
`,
  )
})
