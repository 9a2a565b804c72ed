/**
 * A place for one command in a pod: its network, its own name of the host, and the pod's files over those of the machine.
 *
 * It is held by a process that ends with this one, however that ends. The machine's files stay as they are: what lies over
 * them does so in a mount namespace of the place.
 *
 * @see mount_namespaces(7), uts_namespaces(7)
 * @module
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import { LabError } from './failure.ts'
import { runJob, toolEnvironment } from './jobs.ts'
import { labEnvironment } from './naming.ts'
import type { Tool } from './needs.ts'

export const ENCLOSURE_TOOLS: readonly Tool[] = [
  { name: 'unshare', from: 'util-linux' },
  { name: 'nsenter', from: 'util-linux' },
  { name: 'mount', from: 'mount' },
  { name: 'sysctl', from: 'procps' },
]

export interface Enclosure {
  /** The command as a process to be started, which then is the command itself. */
  readonly enter: (command: readonly string[]) => readonly [tool: string, ...args: string[]]
  /** What could not be made, in words. */
  readonly notes: readonly string[]
  /** Commands that have entered stay. */
  readonly close: () => void
}

export interface Enclosed {
  /** Of the lab. */
  readonly id: string
  /** The network namespace. */
  readonly namespace: string
  /** With `resolv.conf`, `hosts` and `hostname`, of which any may be absent. */
  readonly folder: string
  /** Absent: that of the machine. */
  readonly hostname?: string
}

const FILES = ['resolv.conf', 'hosts', 'hostname'] as const

/**
 * Sockets at which programs of the machine look names up for others: through them the machine's names would be found, not
 * those of the lab. @see nscd(8), nss-resolve(8), nss-mymachines(8), avahi-daemon(8), nslcd(8), sssd(8)
 */
const NAME_SERVICES: readonly string[] = [
  '/run/nscd/socket',
  '/var/run/nscd/socket',
  '/run/systemd/resolve/io.systemd.Resolve',
  '/run/systemd/machine/io.systemd.Machine',
  '/run/dbus/system_bus_socket',
  '/run/avahi-daemon/socket',
  '/run/nslcd/socket',
  '/var/lib/sss/pipes/nss',
]

/** @throws {LabError} when it cannot be made */
export async function openEnclosure({ id, namespace, folder, hostname }: Enclosed): Promise<Enclosure> {
  const holder = await startHolder(id, namespace)
  const close = () => void holder.stdin?.end()
  const inside = ['--target', String(holder.pid), '--mount', '--uts']
  const run = (about: string, ...args: readonly string[]) =>
    runJob({ tool: 'nsenter', args: [...inside, ...args], about }, { lab: id })
  const notes: string[] = []
  try {
    for (const file of FILES) {
      const [own, usual] = [join(folder, file), `/etc/${file}`]
      if (!existsSync(own)) continue
      // Who asks for the host's name asks the kernel.
      if (existsSync(usual)) await run(`the pod's ${usual}`, 'mount', '--bind', own, usual)
      else if (file !== 'hostname') notes.push(`this machine has no ${usual}, over which the pod's could lie: make one`)
    }
    for (const path of nameServices()) await run(`hiding ${path}`, 'mount', '--bind', '/dev/null', path)
    if (hostname !== undefined) await run("the pod's name", 'sysctl', '-q', '-w', `kernel.hostname=${hostname}`)
  } catch (cause) {
    close()
    throw cause
  }
  return { enter: command => ['nsenter', ...inside, '--net', '--wd', ...command], notes, close }
}

function nameServices(): readonly string[] {
  return [...new Set(NAME_SERVICES.filter(path => existsSync(path)).map(path => realpathSync(path)))]
}

/** What it is told it says again: once it does, it is where it is to be. */
async function startHolder(id: string, namespace: string): Promise<ChildProcess> {
  const place = ['unshare', '--mount', '--uts', '--propagation', 'private']
  const holder = spawn('ip', ['netns', 'exec', namespace, ...place, 'cat'], {
    env: { ...toolEnvironment(process.env), ...labEnvironment(id, namespace) },
    stdio: 'pipe',
    // What a terminal sends is for the command.
    detached: true,
  })
  let said = ''
  holder.stderr.on('data', (bytes: Buffer) => {
    said += bytes.toString()
  })
  holder.stdin.on('error', () => undefined)
  const ended = once(holder, 'close').then(() => 'ended')
  const heard = once(holder.stdout, 'data').then(() => 'there')
  holder.stdin.write('\n')
  const state = await Promise.race([heard, ended.catch((cause: Error) => cause.message)])
  if (state === 'there') return holder
  throw new LabError([`a place in network namespace ${namespace} cannot be made: ${said.trim() || state}`])
}
