/** Commands run inside a lab, and what the commands of a lab say of themselves. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { namespacesOf } from '../../src/lab/processes.ts'
import { parseRecord } from '../../src/lab/registry.ts'
import { podwire } from '../cli/capture.ts'
import { command, withLab } from './lab-here.ts'

t.setTimeout(900_000)

const POD = `
apiVersion: v1
kind: Pod
metadata: { name: a, namespace: shop }
spec: { nodeName: node-1, containers: [{ name: c, image: i, ports: [{ containerPort: 80 }] }] }
`

t.test('a command runs in the network of a machine and its code is passed on', async t => {
  const folder = t.testdir({ 'pod.yaml': POD })
  await withLab(t, ['-f', join(folder, 'pod.yaml'), '--nodes', '2'], async id => {
    const inside = (...args: readonly string[]) => podwire(['lab', 'exec', '--id', id, ...args])
    const said = join(folder, 'said')
    const write = (what: string) => ['--', 'sh', '-c', `${what} > "$0"`, said]
    // biome-ignore format: one case, one row
    const rows: readonly (readonly [says: string, args: readonly string[], finds: RegExp])[] = [
      ['a pod by its namespace as an option', ['-n', 'shop', 'pod/a', ...write('ip addr')],        /inet 10\.244\.0\.2\/24/],
      ['a pod by its namespace in its name',  ['pod/shop/a', ...write('ip addr')],                 /inet 10\.244\.0\.2\/24/],
      ['a node',                              ['node/node-2', ...write('ip addr')],                /inet 192\.168\.64\.12\/24/],
      ['the router',                          ['router', ...write('ip addr')],                     /inet 192\.168\.64\.1\/24/],
      ['whoever is outside',                  ['outside', ...write('ip rule')],                    /iif eth0 lookup local/],
      ['a client beside the nodes',           ['beside/192.168.64.200', ...write('ip addr')],      /inet 192\.168\.64\.200\/24/],
      ['the switch',                          ['switch', ...write('ip link')],                     /lan0/],
      ['the mark of the lab',                 ['router', ...write('env')],                         new RegExp(`PODWIRE_LAB=${id}`)],
      ['options of the command as they are',  ['router', '--', 'sh', '-c', 'echo "$@" > "$0"', said, '--help', '-n'], /^--help -n$/m],
    ]
    for (const [says, args, finds] of rows) {
      const { code, err } = await inside(...args)
      t.equal(code, 0, err)
      t.match(readFileSync(said, 'utf8'), finds, says)
    }
    t.equal((await inside('router', '--', 'sh', '-c', 'exit 7')).code, 7, 'the code is passed on')
    t.equal((await inside('router', '--', 'sh', '-c', 'kill -TERM $$')).code, 128 + 15, 'and so is a signal')

    const wrong = await inside('pod/b', '-n', 'shop', '--', 'true')
    t.equal(wrong.code, 2)
    t.match(wrong.err, 'the lab has no machine "pod/b"; there are pod/a')
    const service = await inside('svc/a', '--', 'true')
    t.match(
      service.err,
      /the lab has no machine "svc\/a"; there are switch, router, outside, .* node\/node-1, node\/node-2, pod\/shop\/a/,
    )
    t.match(
      (await podwire(['lab', 'exec', '--id', 'nobody-has-it', 'router', '--', 'true'])).err,
      /there is no lab "nobody-has-it"; there (?:is|are) /,
    )

    const told = await command([
      'lab',
      'exec',
      '--id',
      id,
      'router',
      '--',
      'sh',
      '-c',
      'echo out; echo err >&2; exit 3',
    ])
    t.strictSame(told, { code: 3, out: 'out\n', err: 'err\n' }, 'with its own input and output')

    const status = await podwire(['lab', 'status'])
    t.match(status.out, new RegExp(`^${id} +up +nft +2 +3 +9/9 +yes +yes$`, 'm'))
    const { out } = await podwire(['lab', 'status', '-o', 'json'])
    const lab = (JSON.parse(out) as { id: string; machines: { machine: string }[] }[]).find(one => one.id === id)
    t.match(lab, { state: 'up', iptables: 'nft', answers: true })
    t.strictSame(
      lab?.machines.find(({ machine }) => machine === 'shop/a'),
      {
        machine: 'shop/a',
        kind: 'pod',
        namespace: `podwire.${id}.pod.shop.a`,
        addresses: ['10.244.0.2'],
        present: true,
      },
    )
    t.equal(namespacesOf(id).length, lab?.machines.length)
  })
})

t.test('a signal to podwire reaches the command', async t => {
  const folder = t.testdir({ 'pod.yaml': POD })
  await withLab(t, ['-f', join(folder, 'pod.yaml'), '--nodes', '1'], async id => {
    // The command tells podwire, its parent's parent's child, to stop; and goes on until it is told so itself.
    const script = 'trap "exit 42" TERM; kill -TERM "$PPID"; while :; do sleep 0.1; done'
    t.equal((await command(['lab', 'exec', '--id', id, 'router', '--', 'sh', '-c', script])).code, 42)
  })
})

// biome-ignore format: one case, one row
const LINES: readonly (readonly [args: string, code: number, says: RegExp])[] = [
  ['lab',                          2, /Commands:\n {2}up +bring .*\n(?: {2}.*\n)* {2}exec .*\n {2}status .*\n {2}down /],
  ['lab --help',                   0, /Usage: podwire lab COMMAND/],
  ['help lab',                     0, /Usage: podwire lab COMMAND/],
  ['lab up --help',                0, /Usage: podwire lab up -f FILE/],
  ['help lab up',                  0, /Usage: podwire lab up -f FILE/],
  ['lab exec --help',              0, /Usage: podwire lab exec \[OPTIONS\] MACHINE -- COMMAND/],
  ['--help',                       0, /^ {2}lab +the cluster brought to life/m],
  ['lab upp',                      2, /no command "lab upp"; did you mean "lab up"\?\nRun 'podwire lab --help'/],
  ['lba',                          2, /no command "lba"; did you mean "lab"\?\nRun 'podwire --help'/],
  ['lab up',                       2, /give the manifests: .*\nRun 'podwire lab up --help'/],
  ['lab up -f - --iptables ipfw',  2, /--iptables is one of nft, legacy, not "ipfw"/],
  ['lab up -f - --id A',           2, /Cannot parse lab id "A"/],
  ['lab up -f scenarios/guestbook/manifests --via nobody', 2, /--via nobody: there is no such node; there are node-1, node-2, node-3/],
  ['lab exec router',              2, /say where and what/],
  ['lab exec -- true',             2, /say where and what/],
  ['lab down a b',                 2, /name one lab/],
  ['lab down a --all',             2, /--all takes all labs/],
  ['lab status now',               2, /status takes no words/],
]
for (const [line, code, says] of LINES) {
  t.test(`podwire ${line}`, async t => {
    const found = await podwire(line.split(' '))
    t.equal(found.code, code)
    t.match(found.out + found.err, says)
  })
}

t.test('lab down is not run from inside the lab', async t => {
  process.env['PODWIRE_LAB'] = 'demo'
  t.teardown(() => delete process.env['PODWIRE_LAB'])
  t.match(await podwire(['lab', 'down', 'demo']), { code: 2, err: /from inside lab demo/ })
})

t.test('parseRecord() takes what is written and nothing else', async t => {
  const whole = {
    id: 'demo',
    state: 'up',
    maker: { pid: 7, started: '99' },
    variant: 'nft',
    dns: 'added',
    machines: [{ machine: 'a', kind: 'node', namespace: 'podwire.demo.node.a', addresses: ['192.0.2.1'] }],
  }
  t.match(parseRecord(JSON.stringify(whole)), { id: 'demo', state: 'up', dns: 'added', machines: [{ kind: 'node' }] })
  // biome-ignore format: one case, one row
  const wrong: readonly unknown[] = [
    null, [], 7, {}, { ...whole, id: 7 }, { ...whole, dns: 'some' }, { ...whole, state: 'down' }, { ...whole, maker: {} }, { ...whole, variant: 'ipfw' },
    { ...whole, machines: 'all' }, { ...whole, machines: [7] }, { ...whole, machines: [{ ...whole.machines[0], kind: 'moon' }] },
    { ...whole, machines: [{ ...whole.machines[0], addresses: ['nowhere'] }] },
  ]
  for (const value of wrong)
    t.throws(() => parseRecord(JSON.stringify(value)), { code: 'ERR_PARSE' }, JSON.stringify(value))
  t.throws(() => parseRecord('{'), { code: 'ERR_PARSE' })
})
