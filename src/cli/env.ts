/**
 * `podwire env`: the environment that a pod's containers get.
 *
 * @module
 */
import { visible } from '../base/visible.ts'
import { podEnvironments, podGround } from '../cluster/pod-ground.ts'
import { formatEnvFile } from '../kubelet/dotenv.ts'
import { type ContainerEnvironment, environmentsToJson } from '../kubelet/environment-json.ts'
import { count, MAX_TOTAL } from '../kubelet/environment-size.ts'
import { usualContainer } from '../kubelet/usual-container.ts'
import { formatOrigin, shownValue, type Variable } from '../kubelet/variable.ts'
import { keyOf } from '../objects/meta.ts'
import type { Pod } from '../objects/pod.ts'
import { thereAre } from '../trace/name-list.ts'
import type { Command, Given } from './command.ts'
import { type ExitCode, RefusedInput, UsageError } from './exit.ts'
import type { Io } from './io.ts'
import { loadCluster } from './load.ts'
import { CLUSTER_OPTIONS } from './options.ts'
import { parsePodName, podNamed } from './pod-name.ts'
import { podGroundOptions } from './pod-options.ts'
import { formatTable } from './table.ts'

const FORMATS = ['text', 'dotenv', 'json'] as const

export const ENV: Command = {
  name: 'env',
  summary: "Show the environment that a pod's containers get, and where each variable is from.",
  usage: 'POD -f FILE… [-c CONTAINER] [OPTIONS]',
  about: `
Works out what kubelet would put into the environment of a container: envFrom and env with ConfigMaps, Secrets, fields of
the pod and $(NAME) replaced, then the variables of the Services that were there when the container started. Says what
would keep the container from starting, and what programs trip over. POD is pod/NAME, NAMESPACE/NAME,
pod/NAMESPACE/NAME or NAME.

What the image sets is not known here, nor PATH, HOSTNAME and TERM, which the container runtime adds. Where kubelet's own
order is random, there is one: the container's declarations, then Services by their names.

text    a table with the origin of each variable, for all containers of the pod
dotenv  an env file for one container: dotenv and node --env-file read all of it, docker run --env-file what is not
        quoted; no shell script
json    as schema/env.schema.json has it

Values of Secrets are shown, as kubectl exec would show them, unless --hide-secrets is given.
Exit code: 0 the containers would start, 1 one of them would not, 2 bad input, 3 a variable is not known or does not fit
the env file.`,
  options: [
    ...CLUSTER_OPTIONS.filter(({ name }) => name !== 'verbose'),
    { name: 'verbose', short: 'v', help: 'long values in full, and more on standard error' },
    { name: 'container', short: 'c', value: 'NAME', help: 'only this container, init containers included' },
    { name: 'output', short: 'o', value: 'FORMAT', help: FORMATS.join(', '), default: 'text' },
    { name: 'hide-secrets', help: 'put ****** in the place of what Secrets hold' },
  ],
  examples: [
    { does: 'all containers of a pod', call: 'podwire env pod/web-0 -f manifests/' },
    { does: 'one container, for programs', call: 'podwire env shop/web-0 -c proxy -o json -f manifests/' },
    {
      does: 'run the image here as the pod would',
      call: 'podwire env pod/web-0 -o dotenv -f manifests/ > web.env && docker run --env-file web.env web',
    },
  ],
  run: runEnv,
}

async function runEnv(given: Given, io: Io): Promise<ExitCode> {
  const [name, ...others] = given.words
  if (name === undefined || others.length > 0) throw new UsageError('name one pod: podwire env pod/NAME -f FILE')
  const asked = parsePodName(name)
  const format = given.choice('output', FORMATS) ?? 'text'
  const secrets = !given.is('hide-secrets')
  const cluster = await loadCluster(given, io)
  const pod = podNamed(asked, cluster)
  const all = podEnvironments(pod, podGround(cluster.cluster, podGroundOptions(cluster.harvest)))
  const chosen = chooseContainers(all, pod, given)
  switch (format) {
    case 'json':
      await io.out(`${JSON.stringify(environmentsToJson(pod, chosen, secrets), undefined, 2)}\n`)
      return startCode(chosen)
    case 'dotenv':
      return printEnvFile(onlyContainer(chosen, pod, io), secrets, io)
    case 'text':
      await io.out(chosen.map(one => formatContainer(one, pod, secrets, given.is('verbose'))).join('\n'))
      return startCode(chosen)
  }
}

function startCode(containers: readonly ContainerEnvironment[]): ExitCode {
  return containers.every(({ environment }) => environment.obstacles.length === 0) ? 0 : 1
}

/** @throws {RefusedInput} that names the containers that there are */
function chooseContainers(
  all: readonly ContainerEnvironment[],
  pod: Pod,
  given: Given,
): readonly ContainerEnvironment[] {
  const name = given.text('container')
  if (name === undefined) return all
  const found = all.filter(({ container }) => container.name === name)
  if (found.length > 0) return found
  const known = all.map(({ container }) => container.name)
  throw new RefusedInput([`pod ${keyOf(pod.metadata)} has no container ${name}; ${thereAre(known)}`])
}

/** An env file holds one container's: that which kubectl would take. */
function onlyContainer(all: readonly ContainerEnvironment[], pod: Pod, io: Io): ContainerEnvironment {
  const usual = usualContainer(all, pod)
  if (!usual) throw new RefusedInput([`pod ${keyOf(pod.metadata)} has no containers`])
  if (all.length > 1) {
    const names = all.map(({ container }) => container.name).join(', ')
    io.err(`note: this is container ${usual.container.name}, of ${names}; choose with -c\n`)
  }
  return usual
}

async function printEnvFile(one: ContainerEnvironment, secrets: boolean, io: Io): Promise<ExitCode> {
  const { text, quoted, left } = formatEnvFile(one.environment.variables, secrets)
  await io.out(text)
  io.err(remarkLines(one).join(''))
  if (quoted.length > 0) io.err(`note: quoted, so not for docker run --env-file: ${visible(quoted.join(', '))}\n`)
  for (const { name, why } of left) io.err(`warning: ${visible(`${name}: ${why}`)}\n`)
  if (startCode([one]) === 1) return 1
  return left.length > 0 ? 3 : 0
}

/** In a table, longer values are cut. */
const MOST_LETTERS = 100

function formatContainer(one: ContainerEnvironment, pod: Pod, secrets: boolean, whole: boolean): string {
  const { container, role, environment } = one
  const { variables, size } = environment
  const kind = role === 'main' ? 'container' : role === 'sidecar' ? 'sidecar' : `${role} container`
  const where = pod.spec.nodeName ? ` on ${pod.spec.nodeName}` : ', on no node'
  const rows = variables.map(variable => {
    return [variable.name, valueCell(variable, secrets, whole), formatOrigin(variable.origin)].map(visible)
  })
  const total = `${variables.length} variables, ${count(size.bytes)} bytes of the ${count(MAX_TOTAL)} that Linux takes\n`
  return [
    `${kind} ${container.name} of pod ${keyOf(pod.metadata)}${where}\n\n`,
    formatTable(['NAME', 'VALUE', 'FROM'], rows),
    `\n${total}`,
    ...remarkLines(one),
  ].join('')
}

function valueCell(variable: Variable, secrets: boolean, whole: boolean): string {
  const value = secrets ? variable.value : shownValue(variable)
  if (value === undefined) return '(not known)'
  const line = value.replaceAll('\n', '\\n')
  return whole || line.length <= MOST_LETTERS
    ? line
    : `${line.slice(0, MOST_LETTERS)}… (${count(value.length)} letters)`
}

function remarkLines({ container, environment }: ContainerEnvironment): readonly string[] {
  const { obstacles, warnings, notes } = environment
  const line = (what: string, { code, message }: { readonly code: string; readonly message: string }) =>
    `${what}: ${visible(`${container.name}: ${code}: ${message}`)}\n`
  return [
    ...obstacles.map(one => line('does not start', one)),
    ...warnings.map(one => line('warning', one)),
    ...notes.map(one => line('note', one)),
  ]
}
