/** Names in a lab: DNS at the cluster's address through the rendered rules, and what a pod's programs find. */
import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { isNaming } from '../../src/lab/name-server.ts'
import { LAB_MARK } from '../../src/lab/naming.ts'
import { processesOf } from '../../src/lab/processes.ts'
import { isSkipped as hasNoVerification, verified } from '../agreement/verifying.ts'
import { podwire } from '../cli/capture.ts'
import { command, type Ran, remainsOf, run, withLab } from './lab-here.ts'

t.setTimeout(900_000)

const CLUSTER = `
apiVersion: v1
kind: Pod
metadata: { name: a }
spec:
  nodeName: node-1
  hostname: alpha
  subdomain: inner
  hostAliases: [{ ip: 192.0.2.9, hostnames: [beyond] }]
  initContainers: [{ name: first, image: i, env: [{ name: PART, value: before }] }]
  containers:
  - { name: main, image: i, env: [{ name: GREETING, value: to $(WEB_SERVICE_HOST) }, { name: PATH, value: /app/bin }, { name: KEY, valueFrom: { secretKeyRef: { name: keys, key: one } } }] }
  - { name: other, image: i, env: [{ name: PART, value: other }, { name: LACK, valueFrom: { configMapKeyRef: { name: none, key: k } } }] }
---
apiVersion: v1
kind: Secret
metadata: { name: keys }
stringData: { one: "a 'b' \\"c\\" \`d\`" }
---
apiVersion: v1
kind: Pod
metadata: { name: by-tcp }
spec: { nodeName: node-2, dnsConfig: { options: [{ name: use-vc }] }, containers: [{ name: c, image: i }] }
---
apiVersion: v1
kind: Pod
metadata: { name: c, namespace: shop }
spec: { nodeName: node-2, containers: [{ name: c, image: i }] }
---
apiVersion: v1
kind: Pod
metadata: { name: on-node }
spec: { nodeName: node-2, hostNetwork: true, dnsPolicy: ClusterFirstWithHostNet, containers: [{ name: c, image: i }] }
---
apiVersion: v1
kind: Pod
metadata: { name: w-1, labels: { app: web } }
spec: { nodeName: node-2, containers: [{ name: c, image: i, ports: [{ name: http, containerPort: 8080 }] }] }
---
apiVersion: v1
kind: Service
metadata: { name: web }
spec: { clusterIP: 10.96.0.80, selector: { app: web }, ports: [{ name: http, port: 80, targetPort: http }] }
---
apiVersion: v1
kind: Service
metadata: { name: bare }
spec: { clusterIP: None, selector: { app: web }, ports: [{ name: http, port: 8080 }] }
`

const NODE = ['--', process.execPath, '-e']
const SRV = `require('dns').resolveSrv('_http._tcp.bare.default.svc.cluster.local', (e, all) => console.log(e ?? all[0].name, all?.[0].port))`
const REVERSE = `require('dns').reverse('10.96.0.80', (e, all) => console.log(e ?? all[0]))`
const CONNECT = `require('net').connect({ host: 'web', port: 80 }).on('connect', function () { this.write('hi\\n') }).pipe(process.stdout)`
const DATAGRAM = `const s = require('dgram').createSocket('udp4'); s.on('message', m => { console.log(String(m)); process.exit() }); s.send('hello', 53, '10.96.0.10'); setTimeout(() => process.exit(9), 20000)`
const LINE = `require('net').connect({ host: '10.96.0.10', port: 53 }).on('connect', function () { this.write('hello\\n') }).pipe(process.stdout)`
const lookUp = (name: string) => ['--', 'getent', 'hosts', name]

// biome-ignore format: one case, one row
const ROWS: readonly (readonly [says: string, args: readonly string[], finds: RegExp, code?: number])[] = [
  ['a Service by its name alone',                    ['pod/a', ...lookUp('web')],                        /^10\.96\.0\.80 +web\.default\.svc\.cluster\.local$/m],
  ['not in another namespace',                       ['pod/c', '-n', 'shop', ...lookUp('web')],          /^$/, 2],
  ['there by both its names',                        ['pod/c', '-n', 'shop', ...lookUp('web.default')],  /^10\.96\.0\.80 /m],
  ['by connections, where the pod wants these',      ['pod/by-tcp', ...lookUp('web')],                   /^10\.96\.0\.80 /m],
  ['from a pod on the network of its node',          ['pod/on-node', ...lookUp('web')],                  /^10\.96\.0\.80 /m],
  ['a headless Service: its endpoints',              ['pod/a', '--', 'getent', 'ahosts', 'bare'],        /^10\.244\.1\.\d+ +STREAM bare\.default/m],
  ['the API server',                                 ['pod/a', ...lookUp('kubernetes.default.svc')],     /^10\.96\.0\.1 /m],
  ['the pod by its own name, from its hosts file',   ['pod/a', ...lookUp('alpha')],                      /^10\.244\.0\.\d+ +alpha\.inner\.default\.svc\.cluster\.local alpha$/m],
  ['an alias of the pod',                            ['pod/a', ...lookUp('beyond')],                     /^192\.0\.2\.9 +beyond$/m],
  ['nothing outside of the cluster, at once',        ['pod/a', ...lookUp('example.com')],                /^$/, 2],
  ['a port by its name',                             ['pod/a', ...NODE, SRV],                            /^10-244-1-\d+\.bare\.default\.svc\.cluster\.local 8080$/m],
  ['an address backwards',                           ['pod/a', ...NODE, REVERSE],                        /^web\.default\.svc\.cluster\.local$/m],
  ['and whom the name leads to',                     ['pod/a', ...NODE, CONNECT],                        /"machine":"default\/w-1"/],
  ['who is there, for what is no query',             ['pod/a', ...NODE, DATAGRAM],                       /"machine":"kube-system\/coredns-.*"protocol":"UDP"/],
  ['and over TCP',                                   ['pod/a', ...NODE, LINE],                           /"machine":"kube-system\/coredns-.*"protocol":"TCP"/],
  ["the host's name",                                ['pod/a', '--', 'cat', '/proc/sys/kernel/hostname', '/etc/hostname'], /^alpha\nalpha\n$/],
  ['that of another container',                      ['pod/a', '-c', 'other', '--', 'env'],              /^PART=other$/m],
  ['that of an init container',                      ['pod/a', '-c', 'first', '--', 'env'],              /^PART=before$/m],
  ['on a node, the files of this machine',           ['node/node-1', '--', 'cat', '/etc/resolv.conf', '/etc/hosts'], exactly('/etc/resolv.conf', '/etc/hosts')],
]

function exactly(...files: readonly string[]): RegExp {
  const text = files.map(file => readFileSync(file, 'utf8')).join('')
  return new RegExp(`^${text.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&')}$`)
}

/** What of the machine a pod's files might be seen in. */
function machineFiles(): readonly string[] {
  const files = ['/etc/resolv.conf', '/etc/hosts', '/proc/self/mountinfo']
  return [hostname(), ...files.map(file => readFileSync(file, 'utf8').replaceAll(/^.* \/run\/netns\/.*\n/gm, ''))]
}

/** In a mount namespace: a link for resolv.conf, as systemd-resolved makes it, and sssd's socket. */
const STRANGE = `set -e
mount -t tmpfs tmpfs /var/lib
mkdir -p /var/lib/sss/pipes /var/lib/etc
cp -a /etc/. /var/lib/etc
mount --bind /var/lib/etc /etc
echo "nameserver 192.0.2.1" > /var/lib/stub
ln -sf ../var/lib/stub /etc/resolv.conf
exec "$@"`
const SOCKET = '/var/lib/sss/pipes/nss'
const CALL = `require('net').connect('${SOCKET}').on('connect', () => console.log('heard')).on('error', e => console.log(e.code))`
/** Listens at the socket while a command runs. */
const ATTEND = `
const server = require('net').createServer(socket => socket.end()).listen('${SOCKET}', () =>
  require('child_process').spawn(process.execPath, process.argv.slice(1), { stdio: 'inherit' }).on('exit', () => server.close()))`

function onStrangeMachine(...args: readonly string[]): Promise<Ran> {
  return run('unshare', ['--mount', 'sh', '-c', STRANGE, 'sh', process.execPath, '-e', ATTEND, '--', ...args])
}

function exec(id: string, ...args: readonly string[]): Promise<Ran> {
  return command(['lab', 'exec', '--id', id, ...args])
}

function manifests(t: Test, text: string, ...options: readonly string[]): readonly string[] {
  return ['-f', join(t.testdir({ 'all.yaml': text }), 'all.yaml'), '--nodes', '2', ...options]
}

t.test('what programs in pods find', async t => {
  const words = manifests(t, CLUSTER)
  await withLab(t, words, async id => {
    const before = machineFiles()
    process.env['RES_OPTIONS'] = 'attempts:1'
    process.env['STRANGER'] = 'of this machine'
    t.teardown(() => {
      delete process.env['RES_OPTIONS']
      delete process.env['STRANGER']
    })
    for (const [says, args, finds, wanted = 0] of ROWS) {
      const { code, out, err } = await exec(id, ...args)
      t.match(out, finds, `${says} ${err}`)
      t.equal(code, wanted)
    }
    const { out } = await exec(id, 'pod/a', '--', 'env')
    t.match(
      out,
      /^GREETING=to 10\.96\.0\.80\n(?:.*\n)*WEB_SERVICE_PORT_HTTP=80$/m,
      'the usual container has its environment',
    )
    t.match(out, /^KEY=a 'b' "c" `d`$/m, 'with what Secrets hold, however it is quoted')
    t.match(out, /^PATH=\/app\/bin:.*\/sbin$/m, "and its PATH before the machine's")
    t.notMatch(out, /STRANGER|RES_OPTIONS/, "nothing of this machine's")
    t.match(out, `${LAB_MARK}=${id}`, 'but the mark of the lab')
    t.match(await exec(id, 'pod/a', '-c', 'other', '--', 'true'), {
      code: 0,
      err: /^warning: container other would not start: .*configmap "none" not found/,
    })
    t.match(await exec(id, 'pod/a', '-c', 'nobody', '--', 'true'), {
      code: 2,
      err: /pod default\/a has no container nobody; there are first, main, other/,
    })
    t.match(await exec(id, 'router', '-c', 'main', '--', 'true'), { code: 2, err: /-c is for pods/ })
    const there = ['bin/podwire.js', 'lab', 'exec', '--id', id]
    t.equal((await onStrangeMachine(...there, 'node/node-1', ...NODE, CALL)).out, 'heard\n')
    t.equal(
      (await onStrangeMachine(...there, 'pod/a', ...NODE, CALL)).out,
      'ECONNREFUSED\n',
      'no name service is reached',
    )
    t.match(
      (await onStrangeMachine(...there, 'pod/a', ...lookUp('web'))).out,
      /^10\.96\.0\.80 /,
      'the file lies over a link',
    )

    t.strictSame(machineFiles(), before, 'the machine has its own files all the while')

    const counted = await run('ip', [
      'netns',
      'exec',
      `podwire.${id}.node.node-1`,
      'iptables-nft-save',
      '-c',
      '-t',
      'nat',
    ])
    t.match(counted.out, /^\[[1-9]\d*:\d+\] -A KUBE-SEP-\S+ .*kube-system\/kube-dns:dns"/m, 'queries go by the rules')

    await run('ip', ['-n', `podwire.${id}.pod.default.w-1`, 'link', 'set', 'eth0', 'down'])
    t.match((await exec(id, 'pod/a', ...lookUp('web'))).out, /^10\.96\.0\.80 /m, 'names are those of the objects')

    t.match((await podwire(['lab', 'status'])).out, new RegExp(`^${id} +up +nft +2 +6 .* yes +yes$`, 'm'))
    t.match(
      JSON.parse((await podwire(['lab', 'status', '-o', 'json'])).out).find((lab: { id: string }) => lab.id === id),
      {
        dns: { from: 'added', answers: true },
      },
    )
    const server = processesOf(id).find(({ command }) => command.some(word => word.endsWith('/name-server.js')))
    t.ok(server)
    if (server) process.kill(server.pid, 'SIGKILL')
    while (isNaming(id)) await new Promise(resolve => setTimeout(resolve, 5))
    t.match((await podwire(['lab', 'status'])).out, new RegExp(`^${id} .* yes +no$`, 'm'))
    t.equal((await exec(id, 'pod/a', ...lookUp('web'))).code, 2, 'nobody answers any more')
    t.equal((await podwire(['lab', 'down', id])).code, 0)
    t.strictSame(remainsOf(id), [])
  })
})

/** As clusters export them, at other ports than usual. */
const OWN_DNS = `
apiVersion: v1
kind: Pod
metadata: { name: dns, namespace: kube-system, labels: { k8s-app: kube-dns } }
spec: { nodeName: node-2, containers: [{ name: c, image: i, ports: [{ containerPort: 1053 }, { containerPort: 1053, protocol: UDP }] }] }
---
apiVersion: v1
kind: Pod
metadata: { name: a }
spec: { nodeName: node-1, containers: [{ name: c, image: i, ports: [{ containerPort: 80 }] }] }
---
apiVersion: v1
kind: Service
metadata: { name: kube-dns, namespace: kube-system }
spec:
  selector: { k8s-app: kube-dns }
  ports: [{ name: dns, port: 53, targetPort: 1053, protocol: UDP }, { name: dns-tcp, port: 53, targetPort: 1053 }]
---
apiVersion: v1
kind: ConfigMap
metadata: { name: coredns, namespace: kube-system }
data:
  Corefile: |
    .:53 {
        kubernetes cluster.local in-addr.arpa ip6.arpa {
            ttl 7
        }
    }
`
const SIX = ['--pod-cidr', 'fd00:10:244::/56', '--service-cidr', 'fd00:10:96::/112', '--iptables', 'legacy']

t.test('a DNS of its own is verified while it answers, over IPv6 and with iptables-legacy', async t => {
  if (hasNoVerification(t)) return
  const words = manifests(t, OWN_DNS, ...SIX)
  await withLab(t, words, async id => {
    const looked = () => exec(id, 'pod/a', ...lookUp('kubernetes.default'))
    t.match((await looked()).out, /^fd00:10:96::1 +kubernetes\.default\.svc\.cluster\.local$/m)
    const asked = ['pod/a', 'svc/kube-system/kube-dns:dns', '--then', 'pod/a svc/kube-system/kube-dns:dns-tcp']
    const report = await verified(t, [...words, '--id', id, '--family', '6', ...asked])
    t.match(report, { totals: { agree: 2, disagree: 0 } })
    t.equal((await looked()).code, 0)
    t.match((await podwire(['lab', 'status'])).out, new RegExp(`^${id} +up +legacy +2 +2 .* yes +yes$`, 'm'))
  })
})

t.test('a lab without DNS, as it is asked for', async t => {
  await withLab(t, [...manifests(t, CLUSTER), '--no-dns'], async id => {
    t.match((await podwire(['lab', 'status'])).out, new RegExp(`^${id} +up +nft +2 +4 .* yes +-$`, 'm'))
    t.match((await exec(id, 'pod/a', '--', 'cat', '/etc/resolv.conf')).out, 'nameserver 10.96.0.10')
    t.equal((await exec(id, 'pod/a', '--', 'getent', 'ahostsv4', 'beyond')).code, 0, 'what needs no DNS is there')
  })
})
