import t from 'tap'
import { boot, type Equipment, type Errand, inMachine, lackOfMachine } from './machine.ts'

const PLAIN: Equipment = { programs: [], modules: [] }

t.test('a machine runs commands and tells how each ended', async t => {
  const equipment = { programs: ['ip'], modules: ['dummy', 'ip_vs_rr'] }
  const files = new Map([
    ['/etc/podwire/greeting', 'good\nmorning\n'],
    ['data', 'x'.repeat(100_000)],
  ])
  // biome-ignore format: one case, one row
  const rows: [words: string[], code: number, out: string | RegExp, err?: string][] = [
    [['cat', '/etc/podwire/greeting'],                                         0, 'good\nmorning\n'],
    [['sh', '-c', 'echo out; echo err >&2; exit 3'],                           3, 'out\n', 'err\n'],
    [['printf', '%s|', '$(id)', "it's", '"x" *', 'two\nlines', 'Zürich'],      0, `$(id)|it's|"x" *|two\nlines|Zürich|`],
    [['no-such-program'],                                                    127, '', 'no-such-program: not found'],
    [['cat'],                                                                  0, ''],
    [['cat', '/data'],                                                         0, 'x'.repeat(100_000)],
    [['sh', '-c', 'echo "<0>loud" >/dev/kmsg; echo quiet'],                    0, 'quiet\n'],
    [['lsmod'],                                                                0, /^ip_vs_rr .*^ip_vs .*^nf_conntrack .*^dummy /ms],
    [['ip', 'link', 'add', 'd0', 'type', 'dummy'],                             0, ''],
    [['ip', '-o', 'link'],                                                     0, /^1: lo: .*\n2: d0: .*\n$/],
  ]
  const networks = [rows.map(([words]) => words), [], [['ip', '-o', 'link']]]
  await inMachine(t, equipment, { files, networks }, async ({ networks: [runs = [], none, other], boot }) => {
    t.comment(`the first command came after ${(boot / 1000).toFixed(1)} s`)
    t.equal(runs.length, rows.length)
    for (const [index, [words, code, out, err = '']] of rows.entries()) {
      const run = runs[index]
      t.equal(run?.code, code, words.join(' '))
      if (typeof out === 'string') t.equal(run?.stdout, out)
      else t.match(run?.stdout, out)
      t.match(run?.stderr, err)
    }
    t.strictSame(none, [])
    t.match(other, [{ code: 0, stdout: /^1: lo: .*\n$/ }], 'another network has other links')
  })
})

// biome-ignore format: one case, one row
const FAILURES: [name: string, command: string[], limits: NonNullable<Errand['limits']>, message: RegExp][] = [
  ['hangs',                 ['sleep', '1000'],                             { commands: 500 }, /^The machine was ended after 500 ms at command 2 of 3: sleep 1000/],
  ['fails with its kernel', ['sh', '-c', 'echo c >/proc/sysrq-trigger'],   {},                /^The machine ended by itself at command 2 of 3: .*panic.*sysrq triggered crash/s],
  ['does not even boot',    ['true'],                                      { boot: 100 },     /^The machine was ended after 100 ms before its first command/],
]

t.test('what became of a machine is told when it', async t => {
  for (const [name, command, limits, message] of FAILURES) {
    const networks = [[['true']], [command, ['true']]]
    await t.test(name, async t => {
      if (lackOfMachine(PLAIN)) return inMachine(t, PLAIN, { networks }, async () => undefined)
      await t.rejects(boot(PLAIN, { networks, limits }), { message })
    })
  }
})

t.test('what a machine lacks is named with what to do', async t => {
  if (lackOfMachine(PLAIN)) return inMachine(t, PLAIN, { networks: [] }, async () => undefined)
  t.equal(
    lackOfMachine({ programs: ['no-such-program'], modules: [] }),
    'needs no-such-program: apt-get install --no-install-recommends no-such-program',
  )
  t.match(
    lackOfMachine({ programs: [], modules: ['no_such_module'] }),
    /^needs module no_such_module, which kernel \S+ has not$/,
  )
})
