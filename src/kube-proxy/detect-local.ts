/**
 * How a proxy tells traffic of this node's pods from other traffic.
 *
 * @see pkg/proxy/util/iptables/traffic.go of Kubernetes
 * @module
 */
import { InputError } from '../base/error.ts'
import type { Family, Prefix } from '../base/ip.ts'
import type { Match } from '../netfilter/rule.ts'
import type { KubeProxyConfiguration } from '../objects/kube-proxy-configuration.ts'
import { findPrefixLeniently } from './lenient-address.ts'

type DetectLocal = NonNullable<KubeProxyConfiguration['detectLocal']>

/** One question in both forms. */
export interface LocalDetector {
  readonly isLocal: Match
  readonly isNotLocal: Match
}

/**
 * The detector that the configuration asks for; nothing if it asks by networks and names none of
 * the family: then no traffic counts as local, and none as foreign.
 *
 * @param podPrefixes the node's own pod networks, of either family
 * @throws {InputError} for a mode that kube-proxy does not have, a mode whose device is not named, or
 *   a `clusterCIDR` that is no list of networks
 */
export function localDetectorOf(
  config: KubeProxyConfiguration,
  podPrefixes: readonly Prefix[],
  family: Family,
): LocalDetector | undefined {
  const mode = config.detectLocalMode ?? ''
  switch (mode) {
    case 'BridgeInterface':
      return deviceDetector(deviceOf(config, 'bridgeInterface'))
    case 'InterfaceNamePrefix':
      return deviceDetector(`${deviceOf(config, 'interfaceNamePrefix')}+`)
    case 'NodeCIDR':
      return prefixDetector(podPrefixes, family)
    case 'ClusterCIDR':
    case '':
      return prefixDetector(clusterPrefixesOf(config), family)
    default:
      throw new InputError('KubeProxyConfiguration detectLocalMode', unknownMode(mode))
  }
}

/** The modes are known to the type, but the text comes from a file. */
function unknownMode(mode: never): Error {
  return new Error(`"${mode}" is none of ClusterCIDR, NodeCIDR, BridgeInterface, InterfaceNamePrefix`)
}

function deviceOf({ detectLocalMode, detectLocal }: KubeProxyConfiguration, field: keyof DetectLocal): string {
  const device = detectLocal?.[field] ?? ''
  if (device !== '') return device
  const problem = new Error(`detectLocalMode ${detectLocalMode} needs it`)
  throw new InputError(`KubeProxyConfiguration detectLocal.${field}`, problem)
}

/** @throws {InputError} unless `clusterCIDR` is a list of networks */
export function clusterPrefixesOf(config: KubeProxyConfiguration): Prefix[] {
  return (config.clusterCIDR ?? '')
    .split(',')
    .filter(text => text.trim() !== '')
    .map(text => {
      const prefix = findPrefixLeniently(text)
      if (prefix === undefined) {
        throw new InputError('KubeProxyConfiguration clusterCIDR', new Error(`"${text}" is not a network`))
      }
      return prefix
    })
}

/** Of several networks of the family only the first counts. */
function prefixDetector(prefixes: readonly Prefix[], family: Family): LocalDetector | undefined {
  const own = prefixes.find(prefix => prefix.family === family)
  return own && { isLocal: { on: 'src', in: own }, isNotLocal: { on: 'src', in: own, not: true } }
}

function deviceDetector(device: string): LocalDetector {
  return { isLocal: { on: 'in', device }, isNotLocal: { on: 'in', device, not: true } }
}
