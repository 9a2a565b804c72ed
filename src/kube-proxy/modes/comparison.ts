/**
 * Two modes side by side: which of all differences there are, and where each applies.
 *
 * @module
 */
import type { ServiceMap } from '../service-map.ts'
import type { ServicePort } from '../service-port.ts'
import type { ProxyMode } from '../settings.ts'
import { ADDRESS_DIFFERENCES } from './address-differences.ts'
import { type Difference, PROXIER, type ServiceDifference } from './difference.ts'
import { ENDPOINT_DIFFERENCES } from './endpoint-differences.ts'
import { NODE_DIFFERENCES } from './node-differences.ts'
import { type NodeView, type Place, portViewsOf } from './view.ts'

/** Those of service ports first. */
export const DIFFERENCES: readonly Difference[] = [...ENDPOINT_DIFFERENCES, ...ADDRESS_DIFFERENCES, ...NODE_DIFFERENCES]

export type ModePair = readonly [ProxyMode, ProxyMode]

/** A difference between two modes as it shows on a node. */
export interface Contrast<D extends Difference = Difference> {
  readonly difference: D
  /** What either mode does, in the order of the modes. */
  readonly does: readonly [string, string]
  /** Those of the difference, without files of the mode that is neither. */
  readonly sources: readonly string[]
}

/** A service port for which the modes do different things. */
export interface Instance {
  readonly contrast: Contrast<ServiceDifference>
  readonly port: ServicePort
  readonly places: readonly Place[]
}

const MODES = Object.keys(PROXIER) as readonly ProxyMode[]

/** The differences in what the modes would do on the node, whatever services there are. */
export function contrastsOf(view: NodeView, [a, b]: ModePair): readonly Contrast[] {
  const isAside = (source: string) => MODES.some(mode => mode !== a && mode !== b && source.startsWith(PROXIER[mode]))
  return DIFFERENCES.flatMap(difference => {
    const deeds = difference.does(view)
    return deeds[a] === deeds[b]
      ? []
      : [
          {
            difference,
            does: [deeds[a], deeds[b]] as const,
            sources: difference.sources.filter(source => !isAside(source)),
          },
        ]
  })
}

/** Where the contrasts about services apply. */
export function* instancesOf(view: NodeView, map: ServiceMap, contrasts: readonly Contrast[]): Iterable<Instance> {
  const own = contrasts.filter(isAboutServices)
  for (const portView of portViewsOf(view, map)) {
    for (const contrast of own) {
      const places = contrast.difference.places(portView)
      if (places.length > 0) yield { contrast, port: portView.port, places }
    }
  }
}

export function isAboutServices(contrast: Contrast): contrast is Contrast<ServiceDifference> {
  return contrast.difference.about === 'service'
}
