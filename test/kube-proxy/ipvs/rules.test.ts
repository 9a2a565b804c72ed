/** Rules around IPVS that the machine of the recorded answers could not hold, and changes of rules as files. */
import t from 'tap'
import { partialFiles } from '../../../src/kube-proxy/ipvs/partial-files.ts'
import { createIpvsProxy, syncChanged, syncFull } from '../../../src/kube-proxy/ipvs/proxy.ts'
import { removeService, setService, setSlice } from '../../../src/kube-proxy/service-map.ts'
import { formatSave } from '../../../src/netfilter/format.ts'
import { configuration, endpoint, host, loadBalancerService, slice } from '../objects.ts'

const RANGES = loadBalancerService({ loadBalancerSourceRanges: ['198.51.100.0/24'] })

const rulesIn = (text: string, chain: string) => text.split('\n').filter(line => line.startsWith(`-A ${chain} `))

t.test('a node outside of the source ranges is kept from the load balancer', async t => {
  const proxy = createIpvsProxy({ config: configuration(), host: host() })
  setService(proxy, RANGES)
  const saved = formatSave(syncFull(proxy, 4).rules)
  t.strictSame(rulesIn(saved, 'KUBE-IPVS-OUT-FILTER'), [
    '-A KUBE-IPVS-OUT-FILTER -s 203.0.113.10/32 -m ipvs --vproto 6 --vaddr 203.0.113.10 --vport 80 -j DROP',
  ])
  t.equal(rulesIn(saved, 'KUBE-IPVS-FILTER').length, 6)
  const inside = loadBalancerService({ loadBalancerSourceRanges: ['198.51.100.0/24', '192.168.64.0/24'] })
  setService(proxy, inside)
  const { rules } = partialFiles(syncChanged(proxy, 4))
  const lines = rules.split('\n')
  t.strictSame(
    lines.filter(line => line.includes('OUT-FILTER')),
    ['-D KUBE-IPVS-OUT-FILTER -s 203.0.113.10 -m ipvs --vproto 6 --vaddr 203.0.113.10 --vport 80 -j DROP'],
  )
  t.match(rules, /^\*filter\n:KUBE-SOURCE-RANGES-FIREWALL - \[0:0\]\n/, 'the set of sources has its first entry')
})

t.test('a kernel without the match refuses the whole table, but not the chains that jumps need', async t => {
  const proxy = createIpvsProxy({ config: configuration(), host: host({}, { ipvsMatch: false }) })
  setService(proxy, RANGES)
  const saved = formatSave(syncFull(proxy, 4).rules)
  t.notMatch(saved, '-A KUBE-IPVS-')
  t.match(saved, ':KUBE-IPVS-OUT-FILTER - [0:0]\n')
  t.match(saved, '-A OUTPUT -m comment --comment "kubernetes ipvs access filter" -j KUBE-IPVS-OUT-FILTER\n')
  t.match(saved, '-A KUBE-SERVICES -s 127.0.0.0/8 -j RETURN\n', 'table nat is another')
})

t.test("kubelet's jump was there before: kube-proxy's come in front of it", async t => {
  const proxy = createIpvsProxy({ config: configuration(), host: host({}, { kubeletChains: true }) })
  const saved = formatSave(syncFull(proxy, 4).rules)
  const targets = rulesIn(saved, 'INPUT').map(line => line.split(' ').at(-1))
  t.strictSame(targets, ['KUBE-IPVS-FILTER', 'KUBE-PROXY-FIREWALL', 'KUBE-NODE-PORT', 'KUBE-FIREWALL'])
  t.match(saved, ':KUBE-KUBELET-CANARY - [0:0]\n')
})

t.test('a change is a few lines for each tool', async t => {
  const proxy = createIpvsProxy({ config: configuration(), host: host() })
  const ports = [{ name: 'http', protocol: 'TCP' as const, port: 80 }]
  const dual = loadBalancerService(
    {
      type: 'ClusterIP',
      clusterIPs: ['10.96.0.10', 'fd00:96::10'],
      ipFamilies: ['IPv4', 'IPv6'],
      ports,
    },
    { ingress: [] },
  )
  for (const family of [4, 6] as const) syncFull(proxy, family)
  setService(proxy, dual)
  setSlice(proxy, slice([endpoint('fd00:10:244:1::2')]))
  t.strictSame(partialFiles(syncChanged(proxy, 6)), {
    sets: [
      'add KUBE-6-LOOP-BACK fd00:10:244:1::2,tcp:8080,fd00:10:244:1::2',
      'add KUBE-6-CLUSTER-IP fd00:96::10,tcp:80',
      'add KUBE-6-IPVS-IPS fd00:96::10',
      '',
    ].join('\n'),
    addresses: 'addr replace fd00:96::10/128 dev kube-ipvs0 nodad\n',
    servers: '-A -t [fd00:96::10]:80 -s rr\n-a -t [fd00:96::10]:80 -r [fd00:10:244:1::2]:8080 -m -w 1\n',
    rules: [
      '*nat',
      ':KUBE-SERVICES - [0:0]',
      ':KUBE-POSTROUTING - [0:0]',
      '-A KUBE-SERVICES -s ::1 -j RETURN',
      '-A KUBE-SERVICES -m comment --comment "Kubernetes service cluster ip + port for masquerade purpose" -m set --match-set KUBE-6-CLUSTER-IP dst,dst ! -s fd00:10:244::/56 -j KUBE-MARK-MASQ',
      '-A KUBE-SERVICES -m addrtype --dst-type LOCAL -j KUBE-NODE-PORT',
      '-A KUBE-SERVICES -m set --match-set KUBE-6-CLUSTER-IP dst,dst -j ACCEPT',
      '-A KUBE-POSTROUTING -m comment --comment "Kubernetes endpoints dst ip:port, source ip for solving hairpin purpose" -m set --match-set KUBE-6-LOOP-BACK dst,dst,src -j MASQUERADE',
      '-A KUBE-POSTROUTING -m mark ! --mark 0x00004000/0x00004000 -j RETURN',
      '-A KUBE-POSTROUTING -j MARK --xor-mark 0x00004000',
      '-A KUBE-POSTROUTING -m comment --comment "kubernetes service traffic requiring SNAT" -j MASQUERADE --random-fully',
      'COMMIT',
      '',
    ].join('\n'),
  })
  setSlice(proxy, slice([endpoint('fd00:10:244:1::2'), endpoint('fd00:10:244:2::3', 'node-2')]))
  t.strictSame(partialFiles(syncChanged(proxy, 6)), {
    sets: '',
    addresses: '',
    servers: '-a -t [fd00:96::10]:80 -r [fd00:10:244:2::3]:8080 -m -w 1\n',
    rules: '',
  })
  removeService(proxy, dual)
  const gone = partialFiles(syncChanged(proxy, 6))
  t.equal(gone.addresses, 'addr del fd00:96::10/128 dev kube-ipvs0\n')
  t.equal(gone.servers, '-D -t [fd00:96::10]:80\n')
})
