import t, { type Test } from 'tap'
import { openFences } from '../../src/lab/fences.ts'
import type { LabMachine } from '../../src/lab/lab.ts'
import { processesOf } from '../../src/lab/processes.ts'
import { inNamespaces, type Namespace } from '../kernel/netns.ts'

const NUMBERS = [0, 1, 255, 256, 0xffff]

function inMachines(t: Test, body: (machines: readonly LabMachine[], all: readonly Namespace[]) => Promise<void>) {
  return inNamespaces(t, ['nft'], 3, async all => {
    for (const ns of all) await ns.run('ip', ['link', 'set', 'lo', 'up'])
    const machines = all.map(({ name }, i): LabMachine => {
      return { machine: `m-${i}`, kind: 'node', namespace: name, addresses: [] }
    })
    await body(machines, all)
  })
}

/** Counts each fence where the lab looks first, then does as it is told. */
const rules = (then: string) => {
  const counters = NUMBERS.map(number => `    ip daddr 127.119.${number >> 8}.${number & 255} udp dport 9 counter`)
  return `table ip t {
  chain c {
    type filter hook output priority -350
${counters.join('\n')}
  }
  chain d {
    type filter hook output priority 0
    ${then}
  }
}
`
}

async function countersOf(ns: Namespace): Promise<readonly string[]> {
  return [...(await ns.run('nft', ['list', 'ruleset'])).matchAll(/packets (\d+)/g)].map(found => found[1] ?? '')
}

t.test('a fence is raised in every namespace', t =>
  inMachines(t, async (machines, all) => {
    const [first, second] = all
    for (const ns of all) await ns.run('nft', ['-f', '-'], rules(ns === second ? 'udp dport 9 drop' : 'accept'))
    const id = `f-${process.pid}`
    const fences = await openFences(machines, { id })
    t.strictSame(processesOf(id), [], 'the openers have ended')
    for (const number of NUMBERS) await fences.raise(number)
    await fences.raise(256)
    for (const ns of all) {
      const name = ns === second ? 'where a rule drops it' : ns === first ? 'first' : 'last'
      t.strictSame(await countersOf(ns), ['1', '1', '1', '2', '1'], name)
    }
    await fences.close()
    await fences.raise(1)
    t.strictSame(await countersOf(all[0] as Namespace), ['1', '1', '1', '2', '1'], 'closed, it does nothing')
  }),
)

t.test('where none can be raised, the machine is named', t =>
  inMachines(t, async (machines, [, second]) => {
    const fences = await openFences(machines)
    await second?.run('ip', ['address', 'flush', 'dev', 'lo'])
    await t.rejects(fences.raise(1), /^Cannot send a fence in m-1: ENETUNREACH$/)
    await fences.close()
    const lost = machines.map((one, i) => (i === 2 ? { ...one, namespace: 'podwire-nowhere' } : one))
    await t.rejects(openFences(lost), /Cannot open sockets in network namespace podwire-nowhere: the opener ended/)
  }),
)
