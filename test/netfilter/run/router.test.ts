/**
 * Packets through podwire's router: what comes out and what is known then, in a golden file.
 *
 * `kernel-netfilter.test.ts` holds the same against the kernel.
 * `UPDATE_GOLDEN=1 npx tap test/netfilter/run/router.test.ts` writes it anew; read the diff like code.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { seededRandom } from '../../../src/base/random.ts'
import { formatConnection } from '../../../src/netfilter/run/conntrack-text.ts'
import { describeWhole } from './describe.ts'
import { createRouter, receive } from './router.ts'
import { type Case, cases } from './router-cases.ts'
import type { OnWire } from './wire.ts'

const GOLDEN = fileURLToPath(new URL('golden/router.txt', import.meta.url))

function describe({ by, packet }: OnWire): string {
  return `${by} ${describeWhole(packet)}`
}

function play({ name, rules = {}, settings = [], packets }: Case): string {
  const router = createRouter({ rules, settings, random: seededRandom(1) })
  const lines = [`# ${name}`, ...Object.values(rules).flatMap(text => text.split('\n').filter(isRule)), ...settings]
  for (const sent of packets) {
    const told = receive(router, sent)
    lines.push('', `in  ${describe(sent)}`, ...told.map(packet => `out ${describe(packet)}`))
  }
  const known = [...router.memory.connections.connections].map(connection => formatConnection(connection, router.now))
  return [...lines, '', ...known].join('\n')
}

function isRule(line: string): boolean {
  return line.startsWith('-A')
}

t.test('what comes out of the router is what the golden file says', async t => {
  const text = `${cases.map(play).join('\n\n')}\n`
  if (process.env['UPDATE_GOLDEN']) writeFileSync(GOLDEN, text)
  t.equal(text, readFileSync(GOLDEN, 'utf8'))
})
