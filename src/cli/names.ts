/**
 * Who looks names up in the cluster that was loaded: as its kubelets and its Corefile have it.
 *
 * @module
 */
import { clusterZone } from '../cluster/dns-zone.ts'
import { type NameService, nameService } from '../cluster/name-service.ts'
import { podGround } from '../cluster/pod-ground.ts'
import type { LoadedCluster } from './load.ts'
import { podGroundOptions } from './pod-options.ts'

/** As the cluster is now. @throws {InputError} from its functions, when the Corefile is malformed */
export function namesOf({ cluster, harvest }: LoadedCluster): NameService {
  const options = podGroundOptions(harvest)
  return nameService(() => clusterZone(cluster, options.configurations).zone, podGround(cluster, options))
}
