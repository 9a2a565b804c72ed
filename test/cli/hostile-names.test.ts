/** Names from dumps that would steer a terminal, a diagram or a shell: none of them gets there as it is. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { visible } from '../../src/base/visible.ts'
import { quoteWord } from '../../src/trace/command-text.ts'
import { spelled } from '../../src/trace/layout.ts'
import { podwire } from './capture.ts'

/** C0 without the ends of our own lines, DEL, C1, and what turns the direction of writing. */
const UNSAFE = /[^\P{Cc}\n]|[\p{Bidi_Control}\u2028\u2029]/u

const folder = mkdtempSync(join(tmpdir(), 'podwire-hostile-'))
t.teardown(() => rmSync(folder, { recursive: true }))

/** Every way of telling a packet that a chain of this name drops, with this comment. */
async function told(chain: string, comment: string, more = ''): Promise<readonly string[]> {
  const file = join(folder, 'host.save')
  const rule = `-A ${chain} -m comment --comment "${comment.replace(/["\\]/g, '\\$&')}"`
  writeFileSync(
    file,
    `*filter\n:INPUT ACCEPT [0:0]\n:${chain} - [0:0]\n-A INPUT -j ${chain}\n${rule} -j DROP\n${more}COMMIT\n`,
  )
  const call = ['trace', '--state', file, 'ip:203.0.113.5', 'node/host:80']
  const ways = [[], ['-v'], ['-o', 'mermaid']]
  const texts: string[] = []
  for (const way of ways) {
    const { out, err } = await podwire([...call, ...way])
    texts.push(out, err)
  }
  return texts
}

// biome-ignore format: one case, one row
const HOSTILE: readonly (readonly [says: string, chain: string, comment: string, seen: RegExp])[] = [
  ['an escape sequence', 'X\u001b[31mred',   'clear \u001b[2J\u001b]0;title\u0007', /X\\x1b\[31mred/],
  ['a bell',             'X\u0007',          'ding\u0007dong',                      /ding\\x07dong/],
  ['an override',        'X\u202eTPECCA',    'safe \u202eevil',                     /safe \\u202eevil/],
  ['an isolate',         'X\u2066a',         'b\u2069c',                            /X\\u2066a/],
  ['DEL and C1',         'X\u007f',          'a\u009b31mb',                         /a\\x9b31mb/],
  ['a command',          'x;$(reboot)',      'it`s $(reboot)',                      /-vnL 'x;\$\(reboot\)' --line-numbers/],
  ['a quote',            "x';reboot;'",      "'",                                   /-vnL 'x'\\'';reboot;'\\''' --line/],
]
for (const [says, chain, comment, seen] of HOSTILE) {
  t.test(`${says} is shown, not obeyed`, async t => {
    const texts = await told(chain, comment)
    t.match(texts[0], /DROPPED at host/)
    t.match(`${texts[0]}${texts[2]}`, seen)
    for (const text of texts) t.notMatch(text, UNSAFE)
    t.match(texts[4], /^sequenceDiagram\n/)
  })
}

t.test('a rule is told with -v as the save file has it, but for escapes', async t => {
  const texts = await told('X', 'a\u001bb "c"')
  t.ok(texts[2]?.includes(String.raw`-A X -m comment --comment "a\x1bb \"c\"" -j DROP`))
})

t.test('what is refused is quoted without its controls', async t => {
  for (const rule of ['-A INPUT -s \u001b[2J\n', '\u202e\u009b\n', '-A INPUT -j \u0007DROP\u001b]0;x\u0007\n']) {
    for (const text of await told('X', 'c', rule)) t.notMatch(text, UNSAFE)
  }
  for (const word of ['pod/\u001b[2J', 'node/\u202ehost:80', '\u0007']) {
    const { err, out } = await podwire(['trace', '--state', join(folder, 'host.save'), word, word])
    t.notMatch(err, UNSAFE)
    t.notMatch(out, UNSAFE)
  }
  t.notMatch((await podwire(['trace', '--state', join(folder, '\u001b[2J'), 'a', 'b'])).err, UNSAFE)
})

const anything = fc.string({ unit: 'binary', maxLength: 12 })
const controls = fc.string({
  unit: fc.constantFrom('\u001b', '\u009b', '\u007f', '\u202e', '\u200f', '\u061c', '\u0000', '\t', '$', '`', "'", 'a'),
  maxLength: 8,
})

t.test('no name steers the terminal', async t => {
  await fc.assert(
    fc.asyncProperty(fc.oneof(anything, controls), fc.oneof(anything, controls), async (chain, comment) => {
      const texts = await told(`X${chain.replace(/\s/gu, '')}`, comment.replace(/[\r\n]/g, ''))
      return texts.every(text => !UNSAFE.test(text))
    }),
    { numRuns: 60 },
  )
  t.pass('of random names')
})

t.test('what is safe stays as it is, and what is made safe is', async t => {
  fc.assert(fc.property(anything, text => !UNSAFE.test(visible(text)) && visible(visible(text)) === visible(text)))
  t.equal(spelled('→ \u001b \u202e', { unicode: true, colour: true, width: 80 }), String.raw`→ \x1b \u202e`)
  t.equal(visible('shop/web-0 → ü 漢字 😀'), 'shop/web-0 → ü 漢字 😀')
  t.equal(visible('a\nb\u0000\u0085\u200e'), String.raw`a\x0ab\x00\x85\u200e`)
})

t.test('a shell takes a quoted word for just that word', async t => {
  const words = fc.sample(
    fc.oneof(anything, controls, fc.constantFrom('', 'a b', '$(reboot)', '`x`', "it's", '*', '~', '#x', '!!', '-n')),
    300,
  )
  const clean = words.map(word => word.replaceAll('\u0000', ''))
  const shell = execFileSync('/bin/sh', ['-c', `printf '%s\\0' ${clean.map(quoteWord).join(' ')}`])
  t.strictSame(shell.toString().split('\u0000').slice(0, -1), clean)
})
