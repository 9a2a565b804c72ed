/** What a lab needs of the machine, and how it says what is missing. */
import { execFileSync } from 'node:child_process'
import t from 'tap'
import { LabError } from '../../src/lab/failure.ts'
import { explain, runJob, runStages } from '../../src/lab/jobs.ts'
import type { Job } from '../../src/lab/lab.ts'
import {
  type Feature,
  type Ground,
  requireKernel,
  requireRoot,
  requireTools,
  toolsOf,
  watchFeaturesOf,
} from '../../src/lab/needs.ts'
import { isSkipped } from './lab-here.ts'

const GOOD: Ground = { platform: 'linux', user: 0, has: () => true }

t.test('a lab says who and where it must be', async t => {
  requireRoot(GOOD)
  t.throws(() => requireRoot({ ...GOOD, user: 1000 }), { code: 'ERR_LAB', message: /needs root/ })
  t.throws(() => requireRoot({ ...GOOD, platform: 'darwin' }), { message: 'a lab needs Linux; this is darwin' })
})

t.test('a lab names each tool that is missing, and what to install', async t => {
  requireTools(toolsOf('nft'), GOOD)
  const lacking = { ...GOOD, has: (tool: string) => !tool.includes('legacy') && tool !== 'sysctl' }
  t.throws(() => requireTools(toolsOf('legacy'), lacking), {
    message: `a lab needs the tool sysctl, which is not there: apt-get install procps
a lab needs the tool iptables-legacy-restore, which is not there: apt-get install iptables
a lab needs the tool ip6tables-legacy-restore, which is not there: apt-get install iptables`,
  })
})

const BATCH: Job = {
  tool: 'ip',
  args: ['-batch', '-'],
  input: 'link set a up\nlink set b up\n',
  about: 'node-1 uplink',
}
const WORDLESS: Job = { tool: 'sysctl', args: ['-p', '/nowhere/sysctl.conf'], about: 'node-1 sysctl.conf' }

// biome-ignore format: one case, one row
const WORDS: readonly (readonly [says: string, job: Job, words: string, told: string])[] = [
  ['the line of a batch on standard input', BATCH, 'Cannot find device "b"\nCommand failed -:2\n', 'node-1 uplink line 2 "link set b up": Cannot find device "b"'],
  ['the line that iptables-legacy names',   BATCH, "iptables-restore v1.8.9 (legacy): Couldn't load match\nError occurred at line: 1\nTry `iptables-restore -h' for more information.\n", 'node-1 uplink line 1 "link set a up": iptables-restore v1.8.9 (legacy): Couldn\'t load match'],
  ['the line that iptables-nft names',      BATCH, 'iptables-nft-restore: line 2 failed: No such file\n', 'node-1 uplink line 2 "link set b up": iptables-nft-restore: line 2 failed: No such file'],
  ['no line where there is no such',        BATCH, 'Command failed -:9\nwhy\n', 'node-1 uplink: why'],
  ['no line of a file that is gone',        WORDLESS, 'sysctl: cannot open: line 1 failed\n', 'node-1 sysctl.conf: sysctl: cannot open: line 1 failed'],
  ['several words, but not all of many',    WORDLESS, 'a\nb\n\nc\nd\ne\n', 'node-1 sysctl.conf: a; b; c; d'],
  ['the place where nothing else was said', BATCH, 'Command failed -:1', 'node-1 uplink line 1 "link set a up": Command failed -:1'],
]
for (const [says, job, words, told] of WORDS) {
  t.test(`explain() tells ${says}`, async t => {
    t.equal(explain(job, words), told)
  })
}

const job = (script: string, about = script): Job => ({ tool: 'sh', args: ['-c', script], about })
const running = { lab: 'demo' }

t.test('runJob() gives what was printed, with the mark of the lab', async t => {
  t.equal(await runJob({ ...job('cat; printf "$PODWIRE_LAB"'), input: 'in ' }, running), 'in demo')
})

// biome-ignore format: one case, one row
const FAILING: readonly (readonly [says: string, job: Job, told: RegExp])[] = [
  ['with its words',      job('echo no >&2; exit 3', 'x'),                     /^x: no$/],
  ['with what it prints', job('echo no; exit 3', 'x'),                         /^x: no$/],
  ['with its code',       job('exit 3', 'x'),                                  /^x: ended with 3$/],
  ['with its signal',     job('kill -KILL $$', 'x'),                           /^x: ended with SIGKILL$/],
  ['when it is not there', { tool: 'no-such-tool', args: [], about: 'x' },     /^x: no-such-tool does not start: .*ENOENT$/],
]
for (const [says, failing, told] of FAILING) {
  t.test(`runJob() tells of a tool that fails ${says}`, t =>
    t.rejects(runJob(failing, running), { code: 'ERR_LAB', message: told }),
  )
}

t.test('runStages() ends what runs beside a job that fails, and begins nothing more', async t => {
  const seen: string[] = []
  const stages = [
    { title: 'first', jobs: [job('true')] },
    { title: 'second', jobs: [job('sleep 1000'), job('exit 1', 'the culprit')] },
    { title: 'third', jobs: [job('true')] },
  ]
  const progress = (title: string) => void seen.push(title)
  await t.rejects(runStages(stages, { ...running, progress }), { message: 'the culprit: ended with 1' })
  t.notOk(seen.includes('third'))
})

t.test('runStages() ends by the reason of its signal', async t => {
  const reason = new LabError(['enough'])
  const controller = new AbortController()
  const progress = (_: string, done: number) => {
    if (done === 1) controller.abort(reason)
  }
  const stages = [{ title: 'all', jobs: [job('true'), job('sleep 1000')] }]
  await t.rejects(runStages(stages, { ...running, signal: controller.signal, progress }), { message: 'enough' })
  await t.rejects(
    runJob(job('true'), { ...running, signal: controller.signal }),
    { message: 'enough' },
    'nor is anything begun',
  )
})

t.test('requireKernel() names all that the kernel cannot do, and leaves nothing behind', async t => {
  if (isSkipped(t, ['nft trace', 'nft log', 'nfnetlink_log'])) return
  const running = { lab: `needs-${process.pid}` }
  await requireKernel(watchFeaturesOf({ variant: 'legacy' }), running)
  const lacking: readonly Feature[] = [
    ...watchFeaturesOf({ variant: 'nft' }),
    { what: 'wheels', remedy: 'modprobe wheels', job: { tool: 'ip', args: ['link', 'add', 'type', 'wheels'] } },
    { what: 'wings', remedy: 'a new one', job: { tool: 'sysctl', args: ['net.wings'] } },
  ]
  await t.rejects(requireKernel(lacking, running), {
    code: 'ERR_LAB',
    message: /^the kernel lacks wheels; try modprobe wheels: .*\nthe kernel lacks wings; try a new one: [^\n]*$/,
  })
  t.notMatch(execFileSync('ip', ['netns', 'list'], { encoding: 'utf8' }), `podwire.${running.lab}.`)
})
