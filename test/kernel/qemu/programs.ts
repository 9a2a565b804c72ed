/**
 * Installed programs with all that they need to run elsewhere: their libraries, and the plug-ins that they open.
 *
 * @module
 */
import { spawnSync } from 'node:child_process'
import { accessSync, constants, readdirSync, readFileSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import { ENVIRONMENT } from '../needs.ts'
import type { Entry } from './cpio.ts'

/** Where `iptables` has its extensions, next to the libraries of the machine's architecture. */
const EXTENSIONS = 'xtables'

/** The path of a program, or nothing where it is not installed. */
export function pathOf(program: string): string | undefined {
  for (const folder of ENVIRONMENT.PATH.split(':').filter(Boolean)) {
    const path = join(folder, program)
    try {
      accessSync(path, constants.X_OK)
      return path
    } catch {
      // The next folder may have it.
    }
  }
  return undefined
}

/**
 * The files that make up these programs: each under its name in `bin`, each library at the place where it is here.
 *
 * @throws {Error} for a program that is not installed
 */
export function filesOfPrograms(programs: readonly string[]): Entry[] {
  const entries = new Map<string, Entry>()
  const libraries = new Set<string>()
  for (const program of programs) {
    const path = pathOf(program)
    if (path === undefined) throw new Error(`Cannot find the program ${program}`)
    const real = realpathSync(path)
    const name = `bin/${program}`
    // One program may have many names: it is taken once, under the name of its file.
    const own = `bin/${real.slice(real.lastIndexOf('/') + 1)}`
    if (own !== name) entries.set(name, { path: name, is: 'link', to: `/${own}` })
    if (entries.get(own)?.is === 'file') continue
    entries.set(own, { path: own, is: 'file', content: readFileSync(real), executable: true })
    for (const library of librariesOf(real)) libraries.add(library)
  }
  for (const library of libraries) {
    const path = library.slice(1)
    entries.set(path, { path, is: 'file', content: readFileSync(library), executable: true })
  }
  for (const extension of extensionsOf(libraries)) entries.set(extension.path, extension)
  return [...entries.values()]
}

/** The names that busybox serves under. */
export function namesOfBusybox(): string[] {
  const { stdout } = spawnSync('busybox', ['--list'], { env: ENVIRONMENT, encoding: 'utf8' })
  return stdout.split('\n').filter(Boolean)
}

/**
 * The paths of the libraries of a program, the loader among them; none for one that is linked statically.
 *
 * @see ldd(1)
 */
function librariesOf(path: string): string[] {
  const { stdout } = spawnSync('ldd', [path], { env: ENVIRONMENT, encoding: 'utf8' })
  return [...stdout.matchAll(/(?:=> |^\s+)(\/\S+) \(0x/gm)].map(([, library = '']) => library)
}

function extensionsOf(libraries: ReadonlySet<string>): Entry[] {
  const xtables = [...libraries].find(library => library.includes('/libxtables.so'))
  if (xtables === undefined) return []
  const real = realpathSync(xtables)
  const folder = join(real.slice(0, real.lastIndexOf('/')), EXTENSIONS)
  return readdirSync(folder).map(name => {
    const path = join(folder, name)
    return { path: path.slice(1), is: 'file', content: readFileSync(path), executable: true }
  })
}
