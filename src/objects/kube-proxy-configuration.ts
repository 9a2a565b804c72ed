/** `KubeProxyConfiguration` of kubeproxy.config.k8s.io/v1alpha1: the fields that decide rules. */
export interface KubeProxyConfiguration {
  readonly apiVersion: 'kubeproxy.config.k8s.io/v1alpha1'
  readonly kind: 'KubeProxyConfiguration'
  readonly mode?: '' | 'iptables' | 'ipvs' | 'nftables' | 'kernelspace'
  readonly clusterCIDR?: string
  readonly nodePortAddresses?: readonly string[] | null
  readonly detectLocalMode?: '' | 'ClusterCIDR' | 'NodeCIDR' | 'BridgeInterface' | 'InterfaceNamePrefix'
  readonly detectLocal?: { readonly bridgeInterface?: string; readonly interfaceNamePrefix?: string }
  readonly hostnameOverride?: string
  readonly iptables?: {
    readonly masqueradeBit?: number | null
    readonly masqueradeAll?: boolean
    readonly localhostNodePorts?: boolean | null
  }
  readonly nftables?: { readonly masqueradeBit?: number | null; readonly masqueradeAll?: boolean }
  readonly ipvs?: {
    readonly scheduler?: string
    readonly excludeCIDRs?: readonly string[] | null
    readonly strictARP?: boolean
    readonly tcpTimeout?: string
    readonly tcpFinTimeout?: string
    readonly udpTimeout?: string
  }
  readonly conntrack?: Readonly<Record<string, unknown>>
  readonly [field: string]: unknown
}
