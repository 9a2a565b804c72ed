/**
 * The fields of the components' own configuration files, in the language of `schema.ts`. Of kubeadm's and kubelet's
 * files only those that decide how packets travel; kube-proxy's in full.
 */
export const CONFIGURATION_SCHEMA = `
ClusterConfiguration
  Networking networking
  ControllerManager controllerManager
Networking
  string podSubnet serviceSubnet dnsDomain
ControllerManager
  any extraArgs
KubeletConfiguration
  []string clusterDNS
  string clusterDomain
KubeProxyConfiguration
  any clientConnection configSyncPeriod featureGates logging oomScoreAdj portRange showHiddenMetricsForVersion winkernel
  any windowsRunAsService
  KubeProxyConntrackConfiguration conntrack
  KubeProxyIPTablesConfiguration iptables
  KubeProxyIPVSConfiguration ipvs
  KubeProxyNFTablesConfiguration nftables
  DetectLocalConfiguration detectLocal
  []string nodePortAddresses
  bool bindAddressHardFail enableProfiling
  string bindAddress clusterCIDR detectLocalMode healthzBindAddress hostnameOverride metricsBindAddress mode
KubeProxyConntrackConfiguration
  bool tcpBeLiberal
  int32 maxPerCore! min!
  string tcpCloseWaitTimeout tcpEstablishedTimeout udpStreamTimeout udpTimeout
KubeProxyIPTablesConfiguration
  bool localhostNodePorts! masqueradeAll
  int32 masqueradeBit!
  string minSyncPeriod syncPeriod
KubeProxyIPVSConfiguration
  []string excludeCIDRs
  bool strictARP
  string minSyncPeriod scheduler syncPeriod tcpFinTimeout tcpTimeout udpTimeout
KubeProxyNFTablesConfiguration
  bool masqueradeAll
  int32 masqueradeBit!
  string minSyncPeriod syncPeriod
DetectLocalConfiguration
  string bridgeInterface interfaceNamePrefix
`
