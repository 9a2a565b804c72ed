/** The kernel takes what nftables mode writes, of every release, and lists what we say that it holds. */
import fc from 'fast-check'
import t from 'tap'
import { partialCommands } from '../../../src/kube-proxy/nftables/partial-commands.ts'
import {
  createNftProxy,
  currentTable,
  type NftProxy,
  syncChanged,
  syncFull,
} from '../../../src/kube-proxy/nftables/proxy.ts'
import type { Release } from '../../../src/kube-proxy/release.ts'
import { formatNftCommands } from '../../../src/netfilter/nftables/command-text.ts'
import { formatNftFile } from '../../../src/netfilter/nftables/file.ts'
import { formatNftRuleset } from '../../../src/netfilter/nftables/format.ts'
import type { NftRuleset } from '../../../src/netfilter/nftables/rule.ts'
import { canonNft } from '../../canon.ts'
import { inNamespace, type Namespace } from '../../kernel/netns.ts'
import { anyStep, take, type World } from '../changes.ts'
import { configuration, host } from '../objects.ts'
import { informed, oracleCases } from '../oracle-case.ts'

const COPIED = oracleCases('test/fixtures/kube-proxy')

async function heldIn(ns: Namespace): Promise<readonly string[]> {
  return canonNft(await ns.run('nft', ['list', 'ruleset']))
}

function made(proxy: NftProxy): NftRuleset {
  return { tables: [currentTable(proxy, 4), currentTable(proxy, 6)] }
}

/** One of each layout. */
for (const release of ['1.33', '1.35', '1.36', '1.37'] satisfies readonly Release[]) {
  t.test(`${release}: loaded twice, the kernel lists what is written for it`, t =>
    inNamespace(t, ['nft'], async ns => {
      for (const own of COPIED) {
        const proxy = informed(createNftProxy({ ...own, release }), own)
        const ruleset = { tables: [syncFull(proxy, 4), syncFull(proxy, 6)] }
        const file = formatNftFile(ruleset)
        for (const time of ['once', 'twice']) {
          await ns.run('nft', ['-f', '-'], file)
          t.strictSame(await heldIn(ns), canonNft(formatNftRuleset(ruleset)), `${own.name}, ${time}`)
        }
      }
    }),
  )
}

for (const release of ['1.35', '1.37'] as const) {
  t.test(`${release}: the kernel takes changes, and holds what a whole table would have`, t =>
    inNamespace(t, ['nft'], async ns => {
      const rounds = fc.sample(fc.array(anyStep, { minLength: 1, maxLength: 3 }), { numRuns: 60, seed: 8 })
      const proxy = createNftProxy({ config: configuration(), host: host(), release })
      const world: World = { services: new Map(), slices: new Map() }
      await ns.run('nft', ['-f', '-'], formatNftFile({ tables: [syncFull(proxy, 4), syncFull(proxy, 6)] }))
      let changes = 0
      for (const steps of rounds) {
        for (const step of steps) take(step, proxy, world)
        const commands = [...partialCommands(syncChanged(proxy, 4)), ...partialCommands(syncChanged(proxy, 6))]
        changes += commands.length
        await ns.run('nft', ['-f', '-'], formatNftCommands(commands))
        t.strictSame(await heldIn(ns), canonNft(formatNftRuleset(made(proxy))))
      }
      t.ok(changes > 200, 'there was much to do')
    }),
  )
}
