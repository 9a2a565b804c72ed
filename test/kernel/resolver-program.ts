/**
 * A program that looks names up, made for either C library, and run with a resolv.conf and a hosts file of its own.
 *
 * @module
 */
import { execFile, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Library } from '../../src/dns/resolver/library.ts'
import { formatResolvConf, type ResolvConf } from '../../src/kubelet/resolv-conf.ts'
import { ENVIRONMENT } from './needs.ts'

/** musl says which it is when its loader is run without a program. */
export const OLD_MUSL = /^Version 1\.(?:[01]|2\.[0-3]$)/m.test(
  spawnSync('/lib/ld-musl-x86_64.so.1', { encoding: 'utf8' }).stderr ?? '',
)

export const COMPILERS = { glibc: 'gcc', musl: 'musl-gcc' } as const
const folder = mkdtempSync(join(tmpdir(), 'podwire-resolver-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
const programs = new Map<Library, string>()

/** The program, made for that library once. */
async function programFor(library: Library): Promise<string> {
  const known = programs.get(library)
  if (known !== undefined) return known
  const path = join(folder, library)
  await run(COMPILERS[library], ['-o', path, 'test/kernel/getaddrinfo.c'])
  programs.set(library, path)
  return path
}

export function run(tool: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(tool, args, { env: ENVIRONMENT, encoding: 'utf8' }, (error, stdout, stderr) => {
      if (error) reject(new Error(`${tool}: ${error.message} ${stderr}`))
      else resolve(stdout)
    })
  })
}

const SCRIPT =
  'mount --bind "$0" /etc/resolv.conf && mount --bind "$1" /etc/hosts && mount --bind "$2" /etc/nsswitch.conf && shift 2 && exec "$@"'

/** The call that looks names up in a machine with such files. */
export async function lookupCall(
  library: Library,
  conf: ResolvConf,
  hosts: string,
  names: readonly string[],
): Promise<readonly [tool: string, args: readonly string[]]> {
  const program = await programFor(library)
  const file = (name: string, text: string) => {
    const path = join(folder, name)
    writeFileSync(path, text)
    return path
  }
  const files = [
    file('resolv.conf', formatResolvConf(conf)),
    file('hosts', hosts),
    file('nsswitch.conf', 'hosts: files dns\n'),
  ]
  return ['unshare', ['-m', 'sh', '-c', SCRIPT, ...files, program, ...names]]
}
