/**
 * The folder that `--state` names: hosts as `collect-node-state` or `podwire render --form save` wrote them.
 *
 *     DIR/node-1/iptables.save, ip-link.json, …      one folder a host
 *     DIR/iptables.save, …                           or the folder of one host
 *     FILE.save                                      or one file of rules
 *
 * @module
 */
import { readdir, readFile, stat } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { InputError } from '../base/error.ts'
import { RefusedInput } from './exit.ts'
import { readStateHost, type StateFile, type StateHost, type StateKind } from './state-host.ts'

/** The largest file that is read, in bytes: rules of 150,000 services. */
const MOST_BYTES = 512 * 1024 * 1024

/** Of the names of one kind, the first that is there counts. */
const NAMES: Readonly<Record<StateKind, readonly string[]>> = {
  rules4: ['iptables.save', 'iptables-save.txt', 'iptables-save'],
  rules6: ['ip6tables.save', 'ip6tables-save.txt', 'ip6tables-save'],
  'other rules': ['iptables-legacy.save', 'iptables-nft.save', 'ip6tables-legacy.save', 'ip6tables-nft.save'],
  sets: ['ipset.save', 'ipset.txt', 'ipset-save.txt'],
  link: ['ip-link.json'],
  addr: ['ip-addr.json'],
  route4: ['ip-route.json'],
  route6: ['ip-6-route.json'],
  rule4: ['ip-rule.json'],
  rule6: ['ip-6-rule.json'],
  neigh: ['ip-neigh.json'],
  fdb: ['bridge-fdb.json'],
  port: ['bridge-link.json'],
  sysctl: ['sysctl.txt', 'sysctl.conf'],
  ipvs: ['ipvsadm.save', 'ipvsadm.txt'],
  nft: ['nft.json'],
  missing: ['missing.txt'],
}
const KINDS = Object.keys(NAMES) as readonly StateKind[]

/** Any of these shows that a folder is a host's. */
const TELLING: readonly StateKind[] = ['rules4', 'rules6', 'link', 'addr']

/**
 * Reads the hosts, one after the other, in the order of their names.
 *
 * @throws {RefusedInput} when there is no host, or naming the file and the line or entry that cannot be read
 */
export async function readStateFolder(path: string): Promise<readonly StateHost[]> {
  try {
    if (!(await stat(path)).isDirectory()) return [await readLoneFile(path)]
    const own = await placesIn(path)
    if (isHost(own)) return [await readHost(path, own, 0)]
    return await readHosts(path)
  } catch (cause) {
    throw refusal(cause, path)
  }
}

async function readHosts(path: string): Promise<readonly StateHost[]> {
  const hosts: StateHost[] = []
  const hints = new Set<string>()
  for (const entry of await foldersIn(path)) {
    const folder = join(path, entry)
    const places = await placesIn(folder)
    if (isHost(places)) hosts.push(await readHost(folder, places, hosts.length))
    else for (const hint of await hintsFor(folder)) hints.add(hint)
  }
  if (hosts.length > 0) return hosts
  const [hint = `it should hold a folder for each host, with the files that scripts/collect-node-state writes`] = hints
  throw new RefusedInput([`--state ${path}: no host is there; ${hint}`])
}

async function foldersIn(path: string): Promise<readonly string[]> {
  const names: string[] = []
  for (const name of (await readdir(path)).sort()) {
    if (!name.startsWith('.') && (await stat(join(path, name))).isDirectory()) names.push(name)
  }
  return names
}

/** What a folder holds that is no host's state, and how it would become one. */
async function hintsFor(folder: string): Promise<readonly string[]> {
  const names = await readdir(folder)
  return names.includes('iptables.restore')
    ? [`${folder} holds what is to be loaded; write what is then there with podwire render --form save`]
    : []
}

type Places = ReadonlyMap<StateKind, string>

/** The files of a folder by what they hold. A single other file that ends in `.save` counts as rules. */
async function placesIn(folder: string): Promise<Places> {
  const names = await readdir(folder)
  const present = new Set(names)
  const places = new Map<StateKind, string>()
  for (const kind of KINDS) {
    const name = NAMES[kind].find(one => present.has(one))
    if (name !== undefined) places.set(kind, join(folder, name))
  }
  if (TELLING.some(kind => places.has(kind))) return places
  const saved = names.filter(name => name.endsWith('.save') && !KINDS.some(kind => NAMES[kind].includes(name)))
  const [only] = saved
  return only !== undefined && saved.length === 1
    ? new Map([...places, [kindOfRules(only), join(folder, only)]])
    : places
}

function isHost(places: Places): boolean {
  return TELLING.some(kind => places.has(kind))
}

async function readHost(folder: string, places: Places, index: number): Promise<StateHost> {
  const files = new Map<StateKind, StateFile>()
  for (const [kind, name] of places) files.set(kind, await readOne(name))
  return readStateHost(basename(resolve(folder)), files, index)
}

async function readLoneFile(path: string): Promise<StateHost> {
  const name = basename(path).replace(/\.(?:save|txt)$/, '')
  return readStateHost(name, new Map([[kindOfRules(basename(path)), await readOne(path)]]), 0)
}

function kindOfRules(name: string): StateKind {
  return /^ip6/.test(name) ? 'rules6' : 'rules4'
}

async function readOne(name: string): Promise<StateFile> {
  const found = await stat(name)
  if (!found.isFile()) throw new RefusedInput([`${name}: not a file`])
  if (found.size > MOST_BYTES) throw new RefusedInput([`${name}: ${found.size} bytes, more than ${MOST_BYTES}`])
  // Comments of rules may hold any bytes: one that is no UTF-8 does not make the rest unreadable.
  return { name, text: await readFile(name, 'utf8') }
}

const PROBLEMS: Readonly<Record<string, string>> = {
  ENOENT: 'the path does not exist',
  EACCES: 'no permission to read it',
  EPERM: 'no permission to read it',
}

function refusal(cause: unknown, path: string): unknown {
  if (cause instanceof InputError) return new RefusedInput([cause.message])
  const { code = '', path: where = path } = cause as NodeJS.ErrnoException
  const problem = PROBLEMS[code]
  return problem === undefined ? cause : new RefusedInput([`${where}: ${problem}`])
}
