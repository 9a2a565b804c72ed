/** Zone files, as people and `named-checkzone` read them. */
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { kubeadmOptions } from '../../src/dns/options.ts'
import { Zone } from '../../src/dns/zone.ts'
import { zoneFile } from '../../src/dns/zone-file.ts'
import { namespaceOf, port, readObjects, serviceOf, sliceOf } from './objects.ts'

const SHARED = '../shared/oracle/dns'
const folders = [
  ...readdirSync('test/fixtures/dns').map(name => `test/fixtures/dns/${name}`),
  ...(existsSync(SHARED) ? readdirSync(SHARED).map(name => `${SHARED}/${name}`) : []),
]
const hasChecker = spawnSync('named-checkzone', ['-v']).error === undefined

const OBJECTS = {
  namespaces: ['kube-system', 'shop'].map(namespaceOf),
  services: [
    serviceOf('kube-system/kube-dns', { clusterIP: '10.96.0.10', ports: [port(53, 'dns', 'UDP')] }),
    serviceOf('shop/web', { clusterIPs: ['10.96.0.1', 'fd00:96::1'], ports: [port(80)] }),
    serviceOf('shop/db', { clusterIP: 'None', ports: [port(5432, 'sql')] }),
    serviceOf('shop/out', { type: 'ExternalName', externalName: 'example.com' }),
    serviceOf('gone/web', { clusterIP: '10.96.0.2', ports: [port(80)] }),
  ],
  slices: [
    sliceOf('kube-system/kube-dns', [{ ip: '10.244.0.2' }], [port(53, 'dns', 'UDP')]),
    sliceOf('shop/db', [{ ip: '10.244.0.3', hostname: 'db-0' }, { ip: '10.244.0.4' }], [port(5432, 'sql')]),
  ],
  pods: [],
}

t.test('a zone file is read by people', async t => {
  const file = zoneFile(new Zone(OBJECTS, { ...kubeadmOptions(), servers: ['10.244.0.2'] }, 9))
  t.strictSame(file.split('\n'), [
    '$ORIGIN cluster.local.',
    '$TTL 30',
    'cluster.local. 30 SOA ns.dns.cluster.local. hostmaster.cluster.local. 9 7200 1800 86400 30',
    'cluster.local. 30 NS kube-dns.kube-system.svc.cluster.local.',
    'kube-dns.kube-system.svc.cluster.local. 30 A 10.96.0.10',
    'db.shop.svc.cluster.local. 30 A 10.244.0.3',
    'db-0.db.shop.svc.cluster.local. 30 A 10.244.0.3',
    '_sql._tcp.db.shop.svc.cluster.local. 30 SRV 0 50 5432 db-0.db.shop.svc.cluster.local.',
    'db.shop.svc.cluster.local. 30 A 10.244.0.4',
    '10-244-0-4.db.shop.svc.cluster.local. 30 A 10.244.0.4',
    '_sql._tcp.db.shop.svc.cluster.local. 30 SRV 0 50 5432 10-244-0-4.db.shop.svc.cluster.local.',
    'kube-dns.kube-system.svc.cluster.local. 30 SRV 0 100 53 kube-dns.kube-system.svc.cluster.local.',
    '_dns._udp.kube-dns.kube-system.svc.cluster.local. 30 SRV 0 100 53 kube-dns.kube-system.svc.cluster.local.',
    'out.shop.svc.cluster.local. 30 CNAME example.com.',
    'web.shop.svc.cluster.local. 30 A 10.96.0.1',
    'web.shop.svc.cluster.local. 30 AAAA fd00:96::1',
    'web.shop.svc.cluster.local. 30 SRV 0 100 80 web.shop.svc.cluster.local.',
    '',
  ])
})

t.test('named-checkzone takes each of them', { skip: hasChecker ? false : 'named-checkzone is not here' }, async t => {
  const folder = mkdtempSync(join(tmpdir(), 'podwire-zone-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const zones = [
    ...folders.map(path => new Zone(readObjects(`${path}/objects.yaml`), kubeadmOptions(), 1)),
    new Zone(OBJECTS, { ...kubeadmOptions(), servers: ['10.244.0.2'] }, 9),
    new Zone(OBJECTS, { ...kubeadmOptions(), servers: ['192.0.2.1', 'fd00::53'], ttl: 0 }, 9),
    new Zone({ namespaces: [], services: [], slices: [], pods: [] }, kubeadmOptions(), 0xffffffff),
  ]
  for (const [i, zone] of zones.entries()) {
    const path = join(folder, `${i}.zone`)
    writeFileSync(path, zoneFile(zone))
    t.match(execFileSync('named-checkzone', ['cluster.local', path], { encoding: 'utf8' }), /\nOK\n$/)
    t.ok(readFileSync(path, 'utf8').endsWith('\n'))
  }
})
