/**
 * The command line: finds the command and runs it.
 *
 * Commands are loaded when they are called, so that `--help` starts fast.
 *
 * @module
 */
import { readFileSync } from 'node:fs'
import { InputError } from '../base/error.ts'
import { visibleLines } from '../base/visible.ts'
import { formatHelp, parseCommandLine } from './command.ts'
import { DNS } from './dns.ts'
import { type ExitCode, type ProgramCode, RefusedInput, UsageError } from './exit.ts'
import { type Entries, findEntry, formatEntries, formatGroupHelp } from './group.ts'
import { type Io, processIo } from './io.ts'
import { LAB } from './lab.ts'

const COMMANDS: Entries = {
  render: {
    summary: "every host's files: rules, routes, bridge, overlay",
    load: async () => (await import('./render.ts')).RENDER,
  },
  check: {
    summary: 'what the API server would refuse or warn about',
    load: async () => (await import('./check.ts')).CHECK,
  },
  get: {
    summary: 'the settled cluster as kubectl-like tables',
    load: async () => (await import('./get.ts')).GET,
  },
  trace: {
    summary: 'the journey of a packet and of its reply, rule by rule',
    load: async () => (await import('./trace.ts')).TRACE,
  },
  diff: {
    summary: "what changes between two of kube-proxy's modes",
    load: async () => (await import('./diff.ts')).DIFF,
  },
  env: {
    summary: "the variables that a pod's containers get, and where each is from",
    load: async () => (await import('./env.ts')).ENV,
  },
  run: {
    summary: 'a scenario, step by step',
    load: async () => (await import('./run.ts')).RUN,
  },
  dns: DNS,
  lab: LAB,
}

/**
 * Runs one command line.
 *
 * @returns the exit code: 0 yes, 1 no, 2 bad input or usage, 3 partly; of `lab exec` that of the program
 */
export async function main(args: readonly string[], io: Io = processIo()): Promise<ExitCode | ProgramCode> {
  try {
    return await dispatch(args, io)
  } catch (cause) {
    if (cause instanceof UsageError) {
      const name = ['podwire', ...findEntry(COMMANDS, args).path].join(' ')
      io.err(`podwire: ${visibleLines(cause.message)}\nRun '${name} --help' for help.\n`)
      return 2
    }
    if (cause instanceof RefusedInput) {
      io.err(cause.findings.map(finding => `${visibleLines(finding)}\n`).join(''))
      return 2
    }
    // Of what stands in no file: files' own mistakes are refused with their places before.
    if (cause instanceof InputError) {
      io.err(`${visibleLines(cause.message)}\n`)
      return 2
    }
    throw cause
  }
}

async function dispatch(args: readonly string[], io: Io): Promise<ExitCode | ProgramCode> {
  const [first, ...rest] = args
  if (first === undefined || first === '-h' || first === '--help' || (first === 'help' && rest.length === 0)) {
    await io.out(formatOverview())
    return first === undefined ? 2 : 0
  }
  if (first === '--version' || first === 'version') {
    await io.out(`podwire ${version()}\n`)
    return 0
  }
  if (first === 'help') return dispatch([...rest, '--help'], io)
  const { path, entry, rest: own } = findEntry(COMMANDS, args)
  if (!entry) throw new UsageError(unknownCommand(path, own[0] ?? '', COMMANDS))
  const asksForHelp = isAskingForHelp(own)
  if ('entries' in entry) {
    const [word] = own
    if (!asksForHelp && word !== undefined) throw new UsageError(unknownCommand(path, word, entry.entries))
    await io.out(formatGroupHelp(path, entry))
    return asksForHelp ? 0 : 2
  }
  const command = await entry.load()
  if (asksForHelp) {
    await io.out(formatHelp(command))
    return 0
  }
  return command.run(parseCommandLine(command, own), io)
}

/** Asked for help, nothing else of the line matters, not even its mistakes; what is behind -- is another program's. */
function isAskingForHelp(args: readonly string[]): boolean {
  const end = args.indexOf('--')
  const own = end < 0 ? args : args.slice(0, end)
  return own.includes('--help') || own.includes('-h')
}

function unknownCommand(path: readonly string[], word: string, entries: Entries): string {
  const near = Object.keys(entries).find(name => slips(word, name) <= 2)
  const whole = (last: string) => [...path, last].join(' ')
  return `there is no command "${whole(word)}"${near ? `; did you mean "${whole(near)}"?` : ''}`
}

/** How many letters must be put in, left out or changed to make `b` of `a` (Levenshtein's distance). */
function slips(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}

function formatOverview(): string {
  return `podwire: the Kubernetes dataplane you can run in your head, in a file or on a laptop

Usage: podwire COMMAND [OPTIONS]

Commands:
${formatEntries(COMMANDS)}
Examples:
  # every file of every node, from a folder of manifests
  podwire render -f manifests/ --out out/

  # the iptables rules of one node, as iptables-save would print them
  podwire render -f manifests/ --node node-1 --form save

  # what the API server would say to them
  podwire check -f manifests/

  # where the pods went, and which addresses they got
  podwire get pods -o wide -f manifests/

Run 'podwire COMMAND --help' for the options of a command.
`
}

function version(): string {
  const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
  return String((manifest as { version: unknown }).version)
}
