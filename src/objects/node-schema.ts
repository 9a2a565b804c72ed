/** The fields of Node, in the language of `schema.ts`. */
export const NODE_SCHEMA = `
Node
  NodeSpec spec
  NodeStatus status
  ObjectMeta metadata
NodeSpec
  NodeConfigSource configSource
  []Taint taints
  []string podCIDRs
  bool unschedulable
  string externalID podCIDR providerID
NodeConfigSource
  ConfigMapNodeConfigSource configMap
ConfigMapNodeConfigSource
  string kubeletConfigKey! name! namespace! resourceVersion uid
Taint
  string effect! key! value
  time timeAdded
NodeStatus
  NodeConfigStatus config
  NodeDaemonEndpoints daemonEndpoints
  NodeFeatures features
  NodeSystemInfo nodeInfo
  []AttachedVolume volumesAttached
  []ContainerImage images
  []NodeAddress addresses
  []NodeCondition conditions
  []NodeRuntimeHandler runtimeHandlers
  []string declaredFeatures volumesInUse
  map[string]quantity allocatable capacity
  string phase
NodeAddress
  string address! type!
NodeCondition
  string message reason status! type!
  time lastHeartbeatTime lastTransitionTime
NodeConfigStatus
  NodeConfigSource active assigned lastKnownGood
  string error
NodeDaemonEndpoints
  DaemonEndpoint kubeletEndpoint
DaemonEndpoint
  int32 Port!
NodeFeatures
  bool supplementalGroupsPolicy!
ContainerImage
  []string names
  int64 sizeBytes
NodeSystemInfo
  NodeSwapStatus swap
  string architecture! bootID! containerRuntimeVersion! kernelVersion! kubeProxyVersion! kubeletVersion! machineID!
  string operatingSystem! osImage! systemUUID!
NodeSwapStatus
  int64 capacity!
NodeRuntimeHandler
  NodeRuntimeHandlerFeatures features
  string name
NodeRuntimeHandlerFeatures
  bool recursiveReadOnlyMounts! userNamespaces!
AttachedVolume
  string devicePath! name!
`
