/**
 * What the containers of a pod find when they start, as files: `resolv.conf`, `hosts` and an env file a container.
 *
 * @module
 */
import { formatEnvFile } from '../kubelet/dotenv.ts'
import type { ContainerEnvironment } from '../kubelet/environment-json.ts'
import { formatHosts } from '../kubelet/hosts.ts'
import type { KubeletEvent } from '../kubelet/pod-resolver.ts'
import { formatResolvConf } from '../kubelet/resolv-conf.ts'
import type { Node } from '../objects/node.ts'
import type { Pod } from '../objects/pod.ts'
import { settledCluster } from './cluster.ts'
import { hostsOf, type PodGround, podEnvironments, resolverOf } from './pod-ground.ts'

/** The folder of all pods' files below that of their host. */
export const PODS_FOLDER = 'pods'

/** `pods/shop_web-0`: neither name can hold the sign between them. */
export function podFolder({ metadata }: Pick<Pod, 'metadata'>): string {
  return `${PODS_FOLDER}/${metadata.namespace}_${metadata.name}`
}

export interface PodFiles {
  /** By their paths below the pod's folder. */
  readonly files: ReadonlyMap<string, string>
  /** What kubelet tells of the resolver. */
  readonly events: readonly KubeletEvent[]
}

/** @param secrets whether values of Secrets are written; otherwise their variables stand in comments */
export function podFiles(pod: Pod, ground: PodGround, secrets: boolean): PodFiles {
  const { conf, events } = resolverOf(pod, ground)
  const hosts = hostsOf(pod, ground)
  const files = new Map([['resolv.conf', formatResolvConf(conf)]])
  if (hosts) files.set('hosts', formatHosts(hosts))
  for (const one of podEnvironments(pod, ground)) files.set(`env/${one.container.name}.env`, envFile(one, secrets))
  return { files, events }
}

/** What keeps the container from starting stands above its variables. */
function envFile({ environment }: ContainerEnvironment, secrets: boolean): string {
  const obstacles = environment.obstacles.map(({ message }) => `# does not start: ${JSON.stringify(message)}\n`)
  return obstacles.join('') + formatEnvFile(environment.variables, secrets).text
}

/**
 * The pods of a node, each with its files, made as they are taken: those of one node can be large together, for each
 * container is told of every Service of its namespace.
 */
export function* nodePodFiles(
  node: Node,
  ground: PodGround,
  secrets: boolean,
): Generator<PodFiles & { readonly pod: Pod }> {
  for (const pod of settledCluster(ground.cluster).podsOn(node.metadata.name)) {
    yield { pod, ...podFiles(pod, ground, secrets) }
  }
}
