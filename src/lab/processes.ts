/**
 * The processes of labs, as `/proc` tells of them.
 *
 * @see proc(5)
 * @module
 */
import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs'
import { LAB_MARK, namespacePrefix, WATCH_MARK } from './naming.ts'

/** One process, and no later one that was given the same number. */
export interface Identity {
  readonly pid: number
  /** Clock ticks after boot. */
  readonly started: string
}

/** Where `ip netns` keeps its names. */
const NAMESPACES = '/run/netns'

/** The process that runs this. */
export function ownIdentity(): Identity {
  return { pid: process.pid, started: startOf(process.pid) ?? '' }
}

export function isAlive({ pid, started }: Identity): boolean {
  return startOf(pid) === started
}

/** Field 22 of `stat`; the second may hold anything, in brackets. Nothing for a process that is gone or only waits to be buried. */
function startOf(pid: number): string | undefined {
  const text = read(`/proc/${pid}/stat`)
  const fields = text?.slice(text.lastIndexOf(')') + 2).split(' ')
  return fields === undefined || fields[0] === 'Z' ? undefined : fields[19]
}

/** The namespaces of the lab that are there. */
export function namespacesOf(id: string): readonly string[] {
  const prefix = namespacePrefix(id)
  try {
    return readdirSync(NAMESPACES).filter(name => name.startsWith(prefix))
  } catch {
    return []
  }
}

/** A process of a lab. */
export interface LabProcess {
  readonly pid: number
  readonly command: readonly string[]
  /** One of the tools that tell a verification what kernels do. */
  readonly watches: boolean
}

/** All processes that carry the lab's mark or are in one of its namespaces; this one is none of them. */
export function processesOf(id: string): readonly LabProcess[] {
  const mark = `${LAB_MARK}=${id}`
  const inodes = new Set(namespacesOf(id).flatMap(name => inodeOf(`${NAMESPACES}/${name}`)))
  return readdirSync('/proc')
    .filter(name => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((pid): readonly LabProcess[] => {
      const environment = read(`/proc/${pid}/environ`)?.split('\0') ?? []
      if (!environment.includes(mark) && !inodes.has(namespaceInode(pid) ?? '')) return []
      const command = (read(`/proc/${pid}/cmdline`) ?? '').split('\0').slice(0, -1)
      return [{ pid: Number(pid), command, watches: environment.includes(`${WATCH_MARK}=1`) }]
    })
}

/** `net:[4026532177]` */
function namespaceInode(pid: string): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/net`)
  } catch {
    return undefined
  }
}

function inodeOf(path: string): readonly string[] {
  try {
    return [`net:[${statSync(path).ino}]`]
  } catch {
    return []
  }
}

/** Processes come and go while they are looked at. */
function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return undefined
  }
}

/** Ends it at once; one that has ended by itself is no failure. */
export function kill(pid: number, signal: NodeJS.Signals = 'SIGKILL'): void {
  try {
    process.kill(pid, signal)
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ESRCH') throw cause
  }
}
