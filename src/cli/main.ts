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
import { type Command, formatHelp, parseCommandLine } from './command.ts'
import { type ExitCode, RefusedInput, UsageError } from './exit.ts'
import { type Io, processIo } from './io.ts'

interface Entry {
  readonly summary: string
  readonly load: () => Promise<Command>
}

const COMMANDS: Readonly<Record<string, Entry>> = {
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
  run: {
    summary: 'a scenario, step by step',
    load: async () => (await import('./run.ts')).RUN,
  },
}

/**
 * Runs one command line.
 *
 * @returns the exit code: 0 yes, 1 no, 2 bad input or usage, 3 partly
 */
export async function main(args: readonly string[], io: Io = processIo()): Promise<ExitCode> {
  try {
    return await dispatch(args, io)
  } catch (cause) {
    if (cause instanceof UsageError) {
      const name = args[0] !== undefined && Object.hasOwn(COMMANDS, args[0]) ? ` ${args[0]}` : ''
      io.err(`podwire: ${visibleLines(cause.message)}\nRun 'podwire${name} --help' for help.\n`)
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

async function dispatch(args: readonly string[], io: Io): Promise<ExitCode> {
  const [first, ...rest] = args
  if (first === undefined || first === '-h' || first === '--help' || (first === 'help' && rest.length === 0)) {
    await io.out(formatOverview())
    return first === undefined ? 2 : 0
  }
  if (first === '--version' || first === 'version') {
    await io.out(`podwire ${version()}\n`)
    return 0
  }
  if (first === 'help') return dispatch([rest[0] ?? '', '--help'], io)
  if (!Object.hasOwn(COMMANDS, first)) throw new UsageError(unknownCommand(first))
  const command = await (COMMANDS[first] as Entry).load()
  // Asked for help, nothing else of the line matters, not even its mistakes.
  if (rest.includes('--help') || rest.includes('-h')) {
    await io.out(formatHelp(command))
    return 0
  }
  return command.run(parseCommandLine(command, rest), io)
}

function unknownCommand(word: string): string {
  const near = Object.keys(COMMANDS).find(name => slips(word, name) <= 2)
  return `there is no command "${word}"${near ? `; did you mean "${near}"?` : ''}`
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
  const rows = Object.entries(COMMANDS).map(([name, { summary }]) => `  ${name.padEnd(10)}${summary}\n`)
  return `podwire: the Kubernetes dataplane you can run in your head, in a file or on a laptop

Usage: podwire COMMAND [OPTIONS]

Commands:
${rows.join('')}
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
