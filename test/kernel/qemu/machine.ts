/**
 * A whole machine with a kernel of its own, emulated, for what the kernel below cannot do.
 *
 * It is booted with nothing but a first file system in memory, runs a list of commands and ends. It needs neither
 * root nor hardware support, and touches nothing outside.
 *
 * @module
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import { passOver } from '../needs.ts'
import type { Run } from '../netns.ts'
import { archive, type Entry, foldersOf } from './cpio.ts'
import { scriptsOf } from './init.ts'
import { findKernel, type Kernel, modulesFor } from './kernel.ts'
import { filesOfPrograms, namesOfBusybox, pathOf } from './programs.ts'
import { type Report, readReport } from './report.ts'

/** What a machine is made of, besides its kernel. */
export interface Equipment {
  /** Installed here, such as `ipvsadm`. The commands of busybox are there in any case, unless one is named here. */
  readonly programs: readonly string[]
  /** Loaded before the first command, with those that they depend on. */
  readonly modules: readonly string[]
}

/** What a machine is booted for. */
export interface Errand {
  /** Texts by their paths. */
  readonly files?: ReadonlyMap<string, string>
  /**
   * Commands with their arguments, which no shell reads. They run one after the other, whatever becomes of them, each
   * list in a network namespace of its own.
   */
  readonly networks: readonly (readonly (readonly string[])[])[]
  /** How long it may take until the first command starts, in milliseconds, and from there to the end. */
  readonly limits?: { readonly boot?: number; readonly commands?: number }
}

export interface Outcome {
  /** For each network, how each of its commands ended. */
  readonly networks: readonly (readonly Run[])[]
  /** From the start of the machine to its first command, in milliseconds. */
  readonly boot: number
}

const QEMU = 'qemu-system-x86_64'
/** Much more than even a busy machine needs. */
const LIMIT = 120_000
/** Of what the kernel says, as much is told when it fails. */
const LAST_WORDS = 5000

/** Packages of Debian, by the program that they are needed for; others are called as their programs are. */
const PACKAGES: Readonly<Record<string, string>> = { [QEMU]: 'qemu-system-x86', ip: 'iproute2', bridge: 'iproute2' }

/** Why no such machine can be booted here, or nothing. */
export function lackOfMachine({ programs, modules }: Equipment): string | undefined {
  if (process.platform !== 'linux' || process.arch !== 'x64')
    return `needs the programs of an x86-64 Linux, this is ${process.platform} on ${process.arch}`
  for (const program of [QEMU, 'busybox', 'ldd', ...programs])
    if (pathOf(program) === undefined)
      return `needs ${program}: apt-get install --no-install-recommends ${packageOf(program)}`
  const kernel = findKernel()
  if (!kernel) return 'needs a kernel with IPVS to boot: test/kernel/qemu/fetch-kernel'
  const module = modules.find(name => !kernel.modules.has(name) && !kernel.builtIn.has(name))
  return module === undefined ? undefined : `needs module ${module}, which kernel ${kernel.release} has not`
}

function packageOf(program: string): string {
  return PACKAGES[program] ?? (/^ip6?tables-/.test(program) ? 'iptables' : program)
}

/** What programs look names of protocols up in. */
const PROTOCOLS = 'icmp 1 ICMP\ntcp 6 TCP\nudp 17 UDP\nipv6-icmp 58 IPv6-ICMP\nsctp 132 SCTP\n'

const EMPTY_FOLDERS = ['proc', 'sys', 'tmp', 'run', 'results']

/** What is the same whatever a machine does: the same bytes serve every errand. */
const systems = new Map<string, Buffer>()

/**
 * Boots a machine for `errand` and hands over what became of it, or skips the test where none can be booted.
 *
 *     t.test('servers are listed', t => inMachine(t, equipment, errand, async ({ networks }) => { … }))
 */
export async function inMachine(
  t: Test,
  equipment: Equipment,
  errand: Errand,
  body: (outcome: Outcome) => Promise<void>,
): Promise<void> {
  const lack = lackOfMachine(equipment)
  if (lack === undefined) await body(await boot(equipment, errand))
  else passOver(t, lack)
}

/**
 * Boots a machine, runs the commands and ends it.
 *
 * @throws {Error} when the machine ends too early or not in time, with what it was at and its last words
 */
export async function boot(equipment: Equipment, errand: Errand): Promise<Outcome> {
  const kernel = findKernel()
  if (!kernel) throw new Error('Cannot find a kernel to boot')
  const folder = mkdtempSync(join(tmpdir(), 'podwire-machine-'))
  try {
    const [initrd, console] = [join(folder, 'initrd'), join(folder, 'console')]
    writeFileSync(initrd, Buffer.concat([systemOf(kernel, equipment), errandOf(errand)]))
    writeFileSync(console, '')
    return await run(emulator(kernel, initrd, console), errand, () => readFileSync(console, 'utf8').slice(-LAST_WORDS))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** @see Documentation/admin-guide/kernel-parameters.txt of Linux */
const KERNEL_WORDS = [
  // Of two serial lines the first is the kernel's, so that nothing it says falls between the results.
  'console=ttyS0 quiet loglevel=3',
  // Whatever is fatal ends the machine, for it must not be restarted.
  'panic=-1 oops=panic',
  // Programs lie where they lay before, so that what the emulator has translated of them serves again: half the time.
  'norandmaps nokaslr',
  // What an emulated machine has no use for, and what takes time.
  'mitigations=off audit=0 tsc=reliable no_timer_check cryptomgr.notests random.trust_cpu=on',
]

function emulator(kernel: Kernel, initrd: string, console: string): ChildProcess {
  const args = '-accel tcg -cpu qemu64 -smp 1 -m 384 -nodefaults -no-user-config -no-reboot -display none'.split(' ')
  args.push('-kernel', kernel.image, '-initrd', initrd, '-append', KERNEL_WORDS.join(' '))
  args.push('-chardev', `file,id=console,path=${console}`, '-serial', 'chardev:console')
  args.push('-chardev', 'stdio,id=results,signal=off', '-serial', 'chardev:results')
  return spawn(pathOf(QEMU) ?? QEMU, args, { stdio: ['ignore', 'pipe', 'pipe'] })
}

function run(child: ChildProcess, { networks, limits }: Errand, lastWords: () => string): Promise<Outcome> {
  const started = performance.now()
  const octets: Buffer[] = []
  let report: Report = { ready: false, codes: [] }
  let boot = 0
  let complaint = ''
  let how = 'ended by itself'

  let timer: NodeJS.Timeout | undefined
  const end = () => child.kill('SIGKILL')
  const wait = (limit: number) => {
    clearTimeout(timer)
    timer = setTimeout(() => {
      how = `was ended after ${limit} ms`
      end()
    }, limit)
  }
  wait(limits?.boot ?? LIMIT)
  return new Promise((resolve, reject) => {
    const listen = (bytes: Buffer) => {
      octets.push(bytes)
      try {
        report = readReport(Buffer.concat(octets))
      } catch (cause) {
        reject(cause)
        end()
      }
      if (report.ready && boot === 0) {
        boot = performance.now() - started
        wait(limits?.commands ?? LIMIT)
      }
      if (report.results) end()
    }
    const forget = endWith(child)
    child.stdout?.on('data', listen)
    child.stderr?.on('data', (bytes: Buffer) => {
      complaint += bytes.toString()
    })
    child.once('error', reject)
    child.once('close', () => {
      clearTimeout(timer)
      forget()
      const { codes, results } = report
      if (results) resolve({ networks: runsOf(networks, codes, results), boot })
      else
        reject(
          new Error(`The machine ${how} ${placeOf(report, networks.flat())}\n${complaint}${lastWords()}`.trimEnd()),
        )
    })
  })
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/**
 * Nothing is left running when the tests end, or are told to.
 *
 * @returns what undoes it
 */
function endWith(child: ChildProcess): () => void {
  const end = () => child.kill('SIGKILL')
  const endBy = (signal: NodeJS.Signals) => {
    end()
    forget()
    process.kill(process.pid, signal)
  }
  const forget = () => {
    process.removeListener('exit', end)
    for (const signal of SIGNALS) process.removeListener(signal, endBy)
  }
  process.once('exit', end)
  for (const signal of SIGNALS) process.once(signal, endBy)
  return forget
}

function runsOf(
  networks: Errand['networks'],
  codes: readonly number[],
  results: ReadonlyMap<string, string>,
): readonly (readonly Run[])[] {
  let number = 0
  return networks.map(commands =>
    commands.map(() => {
      const code = codes[number++] ?? Number.NaN
      return { code, stdout: results.get(`./${number}.out`) ?? '', stderr: results.get(`./${number}.err`) ?? '' }
    }),
  )
}

function placeOf({ ready, codes }: Report, commands: readonly (readonly string[])[]): string {
  if (!ready) return 'before its first command'
  const command = commands[codes.length]
  if (!command) return 'behind its last command'
  return `at command ${codes.length + 1} of ${commands.length}: ${command.join(' ')}`
}

function systemOf(kernel: Kernel, { programs, modules }: Equipment): Buffer {
  const key = [kernel.image, ...programs, '', ...modules].join('\n')
  const known = systems.get(key)
  if (known) return known
  const loaded = modulesFor(kernel, modules)
  const files: Entry[] = [
    ...filesOfPrograms(['busybox', ...programs]),
    ...loaded.map(({ name, content }): Entry => ({ path: `modules/${name}.ko`, is: 'file', content })),
    { path: 'etc/protocols', is: 'file', content: Buffer.from(PROTOCOLS) },
    { path: 'modules/order', is: 'file', content: Buffer.from(loaded.map(({ name }) => `${name}\n`).join('')) },
  ]
  const own = new Set(files.map(({ path }) => path))
  const system = archive([
    ...foldersOf(['dev/console', ...EMPTY_FOLDERS.map(path => `${path}/a`), ...own]),
    // Where the kernel lets the first program speak.
    { path: 'dev/console', is: 'character device', major: 5, minor: 1 },
    ...namesOfBusybox()
      .map((name): Entry => ({ path: `bin/${name}`, is: 'link', to: 'busybox' }))
      .filter(({ path }) => !own.has(path)),
    ...files,
  ])
  systems.set(key, system)
  return system
}

function errandOf({ files = new Map(), networks }: Errand): Buffer {
  const entries = [...files].map(
    ([path, text]): Entry => ({ path: path.replace(/^\/+/, ''), is: 'file', content: Buffer.from(text) }),
  )
  return archive([
    ...foldersOf(entries.map(({ path }) => path)),
    ...entries,
    ...scriptsOf(networks).map(
      ({ path, text }): Entry => ({ path, is: 'file', content: Buffer.from(text), executable: true }),
    ),
  ])
}
