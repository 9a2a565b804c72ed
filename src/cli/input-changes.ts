/**
 * Following the files that `-f` names.
 *
 * The system's events only say when to look: what counts is what the files are. Editors that put a new file in the place
 * of the old one, folders that come and go, and links that are pointed elsewhere (mounted ConfigMaps) are then all alike.
 *
 * @module
 */
import { type FSWatcher, watch } from 'node:fs'
import { readdir, realpath, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { Millis } from '../base/clock.ts'

export interface Timing {
  /** For so long nothing changes before the files count as written. */
  readonly settled: Millis
  /** Where the system tells nothing (network file systems, links), somebody looks this often. */
  readonly look: Millis
}

export const TIMING: Timing = { settled: 80, look: 2000 }

/** Files that are written all the time are read every now and then all the same. */
const MOST_PAUSES = 25

/** What files are there, and how they are. */
interface Glance {
  /** Changes when anything does. */
  readonly text: string
  /** In which something may come, go or change. */
  readonly folders: ReadonlySet<string>
}

/** The files below the paths, to be asked for the next change after this moment. */
export class InputChanges {
  readonly #paths: readonly string[]
  readonly #timing: Timing
  #seen: Glance
  readonly #watchers = new Map<string, FSWatcher>()
  #hint: () => void = () => {}
  /** Something may have changed since the last look began. */
  #isHinted = false
  #isOver = false

  private constructor(paths: readonly string[], timing: Timing, seen: Glance) {
    this.#paths = paths
    this.#timing = timing
    this.#seen = seen
    this.#follow(seen.folders)
  }

  static async start(paths: readonly string[], timing: Timing = TIMING): Promise<InputChanges> {
    return new InputChanges(paths, timing, await glance(paths))
  }

  /** @returns true after the next change, false once it is {@link close}d */
  async next(): Promise<boolean> {
    while (!this.#isOver) {
      this.#isHinted = false
      let now = await glance(this.#paths)
      if (now.text !== this.#seen.text) {
        now = await this.#settled(now)
        this.#seen = now
        this.#follow(now.folders)
        return !this.#isOver
      }
      await this.#hinted()
    }
    return false
  }

  close(): void {
    this.#isOver = true
    for (const watcher of this.#watchers.values()) watcher.close()
    this.#watchers.clear()
    this.#hint()
  }

  async #settled(first: Glance): Promise<Glance> {
    let last = first
    for (let i = 0; i < MOST_PAUSES && !this.#isOver; i++) {
      await pause(this.#timing.settled)
      const now = await glance(this.#paths)
      if (now.text === last.text) return now
      last = now
    }
    return last
  }

  #hinted(): Promise<void> {
    return new Promise(resolve => {
      const timer = setTimeout(resolve, this.#timing.look)
      this.#hint = () => {
        this.#isHinted = true
        clearTimeout(timer)
        resolve()
      }
      if (this.#isHinted) this.#hint()
    })
  }

  #follow(folders: ReadonlySet<string>): void {
    for (const [folder, watcher] of this.#watchers) {
      if (folders.has(folder)) continue
      watcher.close()
      this.#watchers.delete(folder)
    }
    for (const folder of folders) {
      if (!this.#watchers.has(folder)) this.#watch(folder)
    }
  }

  /** Where the system has no more events to give, looking every now and then must do. */
  #watch(folder: string): void {
    const forget = () => {
      this.#watchers.get(folder)?.close()
      this.#watchers.delete(folder)
    }
    try {
      const watcher = watch(folder, () => {
        this.#isHinted = true
        this.#hint()
      })
      watcher.on('error', forget)
      this.#watchers.set(folder, watcher)
    } catch {
      forget()
    }
  }
}

async function glance(paths: readonly string[]): Promise<Glance> {
  const lines: string[] = []
  const folders = new Set<string>()
  for (const path of paths) {
    folders.add(dirname(path))
    await look(path, lines, folders)
  }
  return { text: lines.join('\n'), folders }
}

/** As reading them does, without hidden entries and node_modules; each folder once, also where links lead to it twice. */
async function look(path: string, lines: string[], folders: Set<string>): Promise<void> {
  try {
    const status = await stat(path)
    const real = await realpath(path)
    lines.push(`${path} ${real} ${status.ino} ${status.size} ${status.mtimeMs} ${status.ctimeMs}`)
    if (!status.isDirectory()) {
      folders.add(dirname(real))
      return
    }
    if (folders.has(`${real}/.`)) return
    folders.add(`${real}/.`)
    for (const name of (await readdir(path)).sort()) {
      if (!name.startsWith('.') && name !== 'node_modules') await look(join(path, name), lines, folders)
    }
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (code === undefined) throw cause
    lines.push(`${path} ${code}`)
  }
}
