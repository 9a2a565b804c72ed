/**
 * A kernel that may be booted, with its modules.
 *
 * @module
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'

export interface Kernel {
  /** `6.1.0-56-cloud-amd64` */
  readonly release: string
  /** The path of the file that a boot loader takes. */
  readonly image: string
  /** The path of each module's file, by its name. */
  readonly modules: ReadonlyMap<string, string>
  /** Modules that are part of the image. */
  readonly builtIn: ReadonlySet<string>
}

/** Where `fetch-kernel` puts one, then where packages install theirs. */
export const KERNEL_FOLDERS = ['node_modules/.cache/podwire/kernel', '/']

/** The kernel of the first folder that has one with IPVS, of several the one whose name is last. */
export function findKernel(folders: readonly string[] = KERNEL_FOLDERS): Kernel | undefined {
  for (const folder of folders) {
    const modules = join(folder, 'lib/modules')
    if (!existsSync(modules)) continue
    for (const release of readdirSync(modules).sort().reverse()) {
      const image = join(folder, `boot/vmlinuz-${release}`)
      const kernel = { release, image, ...modulesIn(join(modules, release)) }
      if (existsSync(image) && kernel.modules.has('ip_vs')) return kernel
    }
  }
  return undefined
}

function modulesIn(folder: string): Pick<Kernel, 'modules' | 'builtIn'> {
  const modules = new Map<string, string>()
  for (const path of readdirSync(folder, { recursive: true, encoding: 'utf8' }))
    if (path.endsWith('.ko')) modules.set(nameOf(path), join(folder, path))
  const list = join(folder, 'modules.builtin')
  const builtIn = existsSync(list) ? readFileSync(list, 'utf8').split('\n').filter(Boolean) : []
  return { modules, builtIn: new Set(builtIn.map(nameOf)) }
}

/** Files may have dashes where names have underscores. */
function nameOf(path: string): string {
  return basename(path, '.ko').replaceAll('-', '_')
}

/** A module's file as it may be loaded. */
export interface Module {
  readonly name: string
  readonly content: Buffer
}

/**
 * Modules with those that they depend on, in an order in which they can be loaded.
 *
 * @throws {Error} for a module that the kernel lacks
 */
export function modulesFor(kernel: Kernel, names: readonly string[]): Module[] {
  const ordered = new Map<string, Module>()
  const take = (name: string) => {
    if (ordered.has(name) || kernel.builtIn.has(name)) return
    const path = kernel.modules.get(name)
    if (path === undefined) throw new Error(`Kernel ${kernel.release} has no module ${name}`)
    const content = readFileSync(path)
    for (const other of dependenciesOf(content)) take(other)
    ordered.set(name, { name, content: withoutSignature(content) })
  }
  for (const name of names) take(name)
  return [...ordered.values()]
}

/** What section `.modinfo` says: `depends=nf_conntrack,libcrc32c`. */
function dependenciesOf(module: Buffer): string[] {
  const at = module.indexOf('\0depends=')
  if (at < 0) return []
  const text = module.toString('latin1', at + '\0depends='.length, module.indexOf(0, at + 1))
  return text
    .split(',')
    .filter(Boolean)
    .map(name => name.replaceAll('-', '_'))
}

const MARK = '~Module signature appended~\n'
/** The last word of what stands before the mark is the length of the signature. */
const TRAILER_LENGTH = 12

/**
 * A signature that nobody asks for only costs time.
 *
 * @see include/linux/module_signature.h of Linux
 */
function withoutSignature(module: Buffer): Buffer {
  if (module.toString('latin1', module.length - MARK.length) !== MARK) return module
  const end = module.length - MARK.length
  return module.subarray(0, end - TRAILER_LENGTH - module.readUInt32BE(end - 4))
}
