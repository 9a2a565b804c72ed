/** The fields of Service, EndpointSlice and Endpoints, in the language of `schema.ts`. */
export const SERVICE_SCHEMA = `
Service
  ObjectMeta metadata
  ServiceSpec spec
  ServiceStatus status
ServiceSpec
  SessionAffinityConfig sessionAffinityConfig
  []ServicePort ports
  []string clusterIPs externalIPs ipFamilies loadBalancerSourceRanges
  bool allocateLoadBalancerNodePorts! publishNotReadyAddresses
  int32 healthCheckNodePort
  map[string]string selector
  string clusterIP externalName externalTrafficPolicy internalTrafficPolicy! ipFamilyPolicy! loadBalancerClass!
  string loadBalancerIP sessionAffinity trafficDistribution! type
ServicePort
  int32 nodePort port!
  intOrString targetPort
  string appProtocol! name protocol
SessionAffinityConfig
  ClientIPConfig clientIP
ClientIPConfig
  int32 timeoutSeconds!
ServiceStatus
  LoadBalancerStatus loadBalancer
  []Condition conditions
LoadBalancerStatus
  []LoadBalancerIngress ingress
LoadBalancerIngress
  []PortStatus ports
  string hostname ip ipMode!
PortStatus
  int32 port!
  string error! protocol!
EndpointSlice
  ObjectMeta metadata
  []Endpoint endpoints
  []EndpointPort ports
  string addressType!
Endpoint
  EndpointConditions conditions
  EndpointHints hints
  ObjectReference targetRef
  []string addresses!
  map[string]string deprecatedTopology
  string hostname! nodeName! zone!
EndpointConditions
  bool ready! serving! terminating!
EndpointHints
  []ForNode forNodes
  []ForZone forZones
ForNode
  string name!
ForZone
  string name!
EndpointPort
  int32 port!
  string appProtocol! name! protocol!
Endpoints
  ObjectMeta metadata
  []EndpointSubset subsets
EndpointSubset
  []EndpointAddress addresses notReadyAddresses
  []EndpointPort@core ports
EndpointAddress
  ObjectReference targetRef
  string hostname ip! nodeName!
EndpointPort@core
  int32 port!
  string appProtocol! name protocol
`
