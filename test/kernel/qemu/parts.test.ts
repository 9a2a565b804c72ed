/** What an emulated machine is made of, and what is read of it, without one. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import t from 'tap'
import { archive, foldersOf } from './cpio.ts'
import { scriptsOf } from './init.ts'
import { findKernel, modulesFor } from './kernel.ts'
import { readReport } from './report.ts'

t.test('archive() writes headers, names and contents at multiples of four', async t => {
  const text = archive([{ path: 'a/bc', is: 'file', content: Buffer.from('hello') }]).toString('latin1')
  t.equal(
    text.slice(0, 124),
    '070701' +
      '00000001' + // number
      '000081a4' + // rw-r--r--
      '0000000000000000' + // owner, group
      '00000001' + // links
      '00000000' + // time
      '00000005' + // length
      '00000000000000000000000000000000' + // devices
      '00000005' + // length of the name
      '00000000' + // checksum
      'a/bc\0\0' +
      'hello\0\0\0',
  )
  t.equal(text.length % 4, 0)
  t.match(text, 'TRAILER!!!')
  t.throws(() => archive([{ path: '/a', is: 'folder' }]), { message: 'Cannot archive "/a": it begins with a slash' })
})

t.test('foldersOf() has each folder once, the outer ones first', async t => {
  const paths = foldersOf(['a/b/c', 'a/d', 'e']).map(({ path }) => path)
  t.strictSame(paths, ['a', 'a/b'])
})

t.test('scriptsOf() quotes what a shell would read, and numbers commands through', async t => {
  const [init, ...networks] = scriptsOf([[['echo', `it's`, '$x'], ['true']], [['false']]])
  t.match(init, { path: 'init', text: '\nunshare -n sh /network-1\nunshare -n sh /network-2\n' })
  t.match(networks, [
    { path: 'network-1', text: `\nrun 1 'echo' 'it'\\''s' '$x'\nrun 2 'true'\n` },
    { path: 'network-2', text: `\nrun 3 'false'\n` },
  ])
})

/** A module as far as it is read: what it depends on, and its signature. */
function moduleOf(depends: string, signed = false): Buffer {
  const plain = `\x7fELF\0license=GPL\0depends=${depends}\0name=x\0`
  if (!signed) return Buffer.from(plain)
  const trailer = Buffer.alloc(12)
  trailer.writeUInt32BE(7, 8)
  return Buffer.concat([Buffer.from(`${plain}1234567`), trailer, Buffer.from('~Module signature appended~\n')])
}

t.test('modules come behind those that they depend on, without their signatures', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'podwire-modules-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const home = join(folder, 'lib/modules/6.1.0/kernel')
  mkdirSync(home, { recursive: true })
  t.equal(findKernel([folder]), undefined, 'no kernel without IPVS')
  writeFileSync(join(home, 'ip_vs.ko'), moduleOf('nf-conntrack,crc', true))
  writeFileSync(join(home, 'nf-conntrack.ko'), moduleOf('crc,inside'))
  writeFileSync(join(home, 'crc.ko'), moduleOf(''))
  writeFileSync(join(home, '../modules.builtin'), 'kernel/lib/inside.ko\n')
  t.equal(findKernel([folder]), undefined, 'nor without an image')
  mkdirSync(join(folder, 'boot'))
  writeFileSync(join(folder, 'boot/vmlinuz-6.1.0'), '')
  const kernel = findKernel([join(folder, 'nowhere'), folder])
  if (!kernel) throw new Error('a kernel is there')
  t.equal(kernel.release, '6.1.0')
  const modules = modulesFor(kernel, ['ip_vs', 'crc'])
  t.strictSame(
    modules.map(({ name }) => name),
    ['crc', 'nf_conntrack', 'ip_vs'],
  )
  t.strictSame(modules[2]?.content, moduleOf('nf-conntrack,crc'))
  t.throws(() => modulesFor(kernel, ['other']), { message: 'Kernel 6.1.0 has no module other' })
})

/** An archive of tar with one file, as far as it is read. */
function tarOf(name: string, content: string): Buffer {
  const header = Buffer.alloc(512)
  header.write(name)
  header.write(`${Buffer.byteLength(content).toString(8).padStart(11, '0')}\0`, 124)
  header.write('0', 156)
  const body = Buffer.alloc(Math.ceil(Buffer.byteLength(content) / 512) * 512)
  body.write(content)
  return Buffer.concat([header, body, Buffer.alloc(1024)])
}

t.test('readReport() reads what has come so far, wherever it is cut', async t => {
  const packed = gzipSync(tarOf('./1.out', 'é\n'))
  const whole = Buffer.concat([Buffer.from(`ready\nran 0\nran 127\nresults ${packed.length}\n`), packed])
  const seen = new Set<string>()
  for (let length = 0; length <= whole.length; length++) {
    const { ready, codes, results } = readReport(whole.subarray(0, length))
    seen.add(`${ready} ${codes} ${results?.get('./1.out')}`)
  }
  t.strictSame(
    [...seen],
    ['false  undefined', 'true  undefined', 'true 0 undefined', 'true 0,127 undefined', 'true 0,127 é\n'],
  )
  t.throws(() => readReport(Buffer.from('Kernel panic\n')), {
    message: 'Cannot read "Kernel panic\\n" as a report of a machine',
  })
})
