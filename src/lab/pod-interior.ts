/**
 * What a program in a pod finds beside its network: `resolv.conf`, `hosts`, its host's name, its environment.
 *
 * They are in the lab's folder, which only root reads, where render writes them below its own: `hosts/NODE/pods/…`.
 *
 * @module
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { podFiles, podFolder } from '../cluster/pod-files.ts'
import { type PodGround, podEnvironments } from '../cluster/pod-ground.ts'
import type { ContainerEnvironment } from '../kubelet/environment-json.ts'
import { podHostname } from '../kubelet/hosts.ts'
import { usualContainer } from '../kubelet/usual-container.ts'
import { keyOf } from '../objects/meta.ts'
import type { Pod } from '../objects/pod.ts'
import { thereAre } from '../trace/name-list.ts'
import { LabError } from './failure.ts'
import { hostFilePath } from './host-loading.ts'
import { labFolder } from './naming.ts'

export interface PodInterior {
  /** `default/web-1` */
  readonly pod: string
  readonly node: string
  /** Whether its network is that of its node. */
  readonly onNode: boolean
  /** What `hostname` prints; absent: what it prints on the machine that runs the lab. */
  readonly hostname?: string
  /** The container that is meant where none is named. */
  readonly usual: string
  readonly containers: readonly ContainerInterior[]
}

export interface ContainerInterior {
  readonly name: string
  readonly environment: Readonly<Record<string, string>>
  /** Why kubelet would not start it. */
  readonly obstacles: readonly string[]
}

const INTERIOR = 'interior.json'
const HOSTNAME = 'hostname'

/** The files of all pods, by their paths below the lab's folder, values of Secrets included. */
export function interiorFiles(ground: PodGround): ReadonlyMap<string, string> {
  const files = new Map<string, string>()
  for (const pod of ground.cluster.store.list('Pod')) {
    const { nodeName } = pod.spec
    if (!nodeName) continue
    const put = (file: string, text: string) => files.set(hostFilePath(nodeName, `${podFolder(pod)}/${file}`), text)
    const interior = interiorOf(pod, nodeName, ground)
    for (const [file, text] of podFiles(pod, ground, true).files) put(file, text)
    if (interior.hostname !== undefined) put(HOSTNAME, `${interior.hostname}\n`)
    put(INTERIOR, `${JSON.stringify(interior, undefined, 2)}\n`)
  }
  return files
}

function interiorOf(pod: Pod, node: string, ground: PodGround): PodInterior {
  const containers = podEnvironments(pod, ground)
  const onNode = pod.spec.hostNetwork === true
  const hostname = onNode ? undefined : podHostname(pod, ground.kubelet.clusterDomain).kernel
  return {
    pod: keyOf(pod.metadata),
    node,
    onNode,
    ...(hostname === undefined ? {} : { hostname }),
    usual: usualContainer(containers, pod)?.container.name ?? '',
    containers: containers.map(containerInterior),
  }
}

/** What nobody can know yet (`status.podIP` of a pod without one) is not there. */
function containerInterior({ container, environment }: ContainerEnvironment): ContainerInterior {
  const known = environment.variables.flatMap(({ name, value }) =>
    value === undefined ? [] : [[name, value] as const],
  )
  return {
    name: container.name,
    environment: Object.fromEntries(known),
    obstacles: environment.obstacles.map(({ message }) => message),
  }
}

/** A pod's interior, and the folder with its files. */
export interface FoundInterior {
  readonly interior: PodInterior
  readonly folder: string
}

/**
 * @param pod `default/web-1`
 * @param nodes of the lab, by their names
 * @returns nothing for a pod that the lab does not have, or one of a lab that was made without
 */
export function findInterior(id: string, pod: string, nodes: readonly string[]): FoundInterior | undefined {
  const [namespace = '', name = ''] = pod.split('/')
  for (const node of nodes) {
    const folder = join(labFolder(id), hostFilePath(node, podFolder({ metadata: { namespace, name } })))
    const file = join(folder, INTERIOR)
    if (existsSync(file)) return { interior: JSON.parse(readFileSync(file, 'utf8')) as PodInterior, folder }
  }
  return undefined
}

/** @throws {LabError} with what there is, where the pod has no such container */
export function containerOf({ pod, usual, containers }: PodInterior, wanted = usual): ContainerInterior {
  const found = containers.find(({ name }) => name === wanted)
  if (found) return found
  throw new LabError([`pod ${pod} has no container ${wanted}; ${thereAre(containers.map(({ name }) => name))}`])
}
