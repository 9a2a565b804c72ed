/** A lab that stands, verified again and again: whatever was sent through it before, its flows begin anew. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { forgetFlows } from '../../src/lab/forgetting.ts'
import type { LabPlan } from '../../src/lab/lab.ts'
import { labFolder } from '../../src/lab/naming.ts'
import type { Ground } from '../../src/lab/needs.ts'
import { processesOf } from '../../src/lab/processes.ts'
import { claimVerification } from '../../src/lab/verification-claim.ts'
import { isSkipped as hasNoVerification, verified } from '../agreement/verifying.ts'
import { podwire } from '../cli/capture.ts'
import type { Need } from '../kernel/needs.ts'
import { plainEnvironment, withLab } from './lab-here.ts'
import { processesWhen } from './scratch-net.ts'
import { threeCopies } from './three-copies.ts'

t.setTimeout(900_000)

/** Both families, clients that stay with the copy they had, and one port of UDP beside that of TCP. */
const AFFINE = threeCopies(
  ['{ containerPort: 8080 }', '{ containerPort: 5353, protocol: UDP }'],
  `type: NodePort, ipFamilyPolicy: RequireDualStack, sessionAffinity: ClientIP, ports: [
    { name: http, port: 80, targetPort: 8080 }, { name: dns, port: 53, targetPort: 5353, protocol: UDP }]`,
)

const CIDRS = ['--pod-cidr', '10.244.0.0/16,fd00:10:244::/56', '--service-cidr', '10.96.0.0/12,fd00:10:96::/112']

const CONNTRACK: readonly Need[] = ['conntrack']

function manifests(t: Test): readonly string[] {
  return ['-f', join(t.testdir({ 'all.yaml': AFFINE }), 'all.yaml'), ...CIDRS]
}

for (const variant of ['nft', 'legacy'] as const) {
  t.test(`a second verification of one lab finds nothing of the first, with iptables-${variant}`, async t => {
    if (hasNoVerification(t, CONNTRACK)) return
    const words = [...manifests(t), '--iptables', variant]
    await withLab(t, words, async id => {
      // biome-ignore format: one case, one row
      const rows: readonly (readonly [says: string, words: readonly string[]])[] = [
        ['datagrams and connections to one of three', ['pod/client', 'svc/web:53', '--then', 'again', '--then', 'pod/client svc/web:80']],
        ['by the other family',                       ['pod/client', 'svc/web:53', '--family', '6']],
        ['as bytes, where a connection was before',   ['pod/client', 'svc/web:80', '--crafted', '--sport', '40002']],
      ]
      // The one kind of rules is cleared as the other is.
      const asked = variant === 'nft' ? rows : rows.slice(0, 1)
      for (const time of ['first', 'second']) {
        for (const [says, more] of asked) {
          const report = await verified(t, [...words, '--id', id, ...more])
          t.match(report, { totals: { disagree: 0 } }, `${says}, the ${time} time`)
        }
      }
      t.notOk(existsSync(join(labFolder(id), 'verification.json')), 'and the lab is free again')
    })
  })
}

t.test('one verification at a time', async t => {
  if (hasNoVerification(t)) return
  const words = manifests(t)
  await withLab(t, words, async id => {
    const leave = await claimVerification(id)
    const { code, err } = await podwire(['lab', 'verify', ...words, '--id', id, 'pod/client', 'svc/web:80'])
    t.equal(code, 2)
    t.match(err, `lab "${id}" is being verified by process ${process.pid}: one at a time`)
    leave()
    await verified(t, [...words, '--id', id, 'pod/client', 'svc/web:80'])
  })
})

t.test('what a killed verification leaves running is ended by the next', async t => {
  if (hasNoVerification(t)) return
  const words = manifests(t)
  await withLab(t, words, async id => {
    const child = verifying([...words, '--id', id, '--flows', '500'])
    await processesWhen(id, all => all.some(({ command }) => command.some(word => word.endsWith('/prober.js'))))
    child.kill('SIGKILL')
    await once(child, 'exit')
    t.ok(
      processesOf(id).some(({ watches }) => watches),
      'tools go on',
    )
    await verified(t, [...words, '--id', id, 'pod/client', 'svc/web:80'])
    t.notOk(
      processesOf(id).some(({ watches }) => watches),
      'and are gone',
    )
  })
})

function verifying(words: readonly string[]): ChildProcess {
  const options = { env: plainEnvironment(), stdio: 'ignore' } as const
  return spawn(process.execPath, ['bin/podwire.js', 'lab', 'verify', ...words], options)
}

t.test('what cannot be cleared is said, with the package that would help', async t => {
  const nothing: Pick<LabPlan, 'machines' | 'files'> = { machines: [], files: new Map() }
  const ground: Ground = { platform: 'linux', user: 0, has: () => false }
  const [warning, ...others] = await forgetFlows(nothing, { lab: 'none' }, ground)
  t.match(
    warning,
    /^connections of earlier flows are not forgotten, .*: the tool conntrack is not there: apt-get install conntrack$/,
  )
  t.strictSame(others, [])
})

t.test('a lab of which somebody else is told', async t => {
  if (hasNoVerification(t)) return
  const words = manifests(t)
  await withLab(t, words, async id => {
    // biome-ignore format: one case, one row
    const rows: readonly (readonly [words: readonly string[], says: RegExp])[] = [
      [[...words, '--id', 'nobody-has-it'],                            /^there is no lab "nobody-has-it" that is up; there (?:is|are) .*"podwire lab up" makes one$/m],
      [['-f', 'scenarios/guestbook/manifests', '--id', id],            /^lab "\S+" was made of something else: its \S+ differs from what these manifests and options give$/m],
      [[...words, '--id', id, '--iptables', 'legacy'],                 /^lab "\S+" has its rules by nft iptables: say --iptables nft$/m],
      [['--id', id],                                                   /say with -f what lab "\S+" was made of/],
    ]
    for (const [line, says] of rows) {
      const { code, err } = await podwire(['lab', 'verify', ...line])
      t.equal(code, 2)
      t.match(err, says)
    }
  })
})
