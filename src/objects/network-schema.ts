/** The fields of NetworkPolicy and Ingress, in the language of `schema.ts`. */
export const NETWORK_SCHEMA = `
NetworkPolicy
  NetworkPolicySpec spec
  ObjectMeta metadata
NetworkPolicySpec
  LabelSelector podSelector
  []NetworkPolicyEgressRule egress
  []NetworkPolicyIngressRule ingress
  []string policyTypes
NetworkPolicyEgressRule
  []NetworkPolicyPeer to
  []NetworkPolicyPort ports
NetworkPolicyPort
  int32 endPort!
  intOrString port
  string protocol!
NetworkPolicyPeer
  IPBlock ipBlock
  LabelSelector namespaceSelector podSelector
IPBlock
  []string except
  string cidr!
NetworkPolicyIngressRule
  []NetworkPolicyPeer from
  []NetworkPolicyPort ports
Ingress
  IngressSpec spec
  IngressStatus status
  ObjectMeta metadata
IngressSpec
  IngressBackend defaultBackend
  []IngressRule rules
  []IngressTLS tls
  string ingressClassName!
IngressBackend
  IngressServiceBackend service
  TypedLocalObjectReference resource
IngressServiceBackend
  ServiceBackendPort port
  string name!
ServiceBackendPort
  int32 number
  string name
IngressRule
  HTTPIngressRuleValue http
  string host
HTTPIngressRuleValue
  []HTTPIngressPath paths!
HTTPIngressPath
  IngressBackend backend!
  string path pathType!
IngressTLS
  []string hosts
  string secretName
IngressStatus
  IngressLoadBalancerStatus loadBalancer
IngressLoadBalancerStatus
  []IngressLoadBalancerIngress ingress
IngressLoadBalancerIngress
  []IngressPortStatus ports
  string hostname ip
IngressPortStatus
  int32 port!
  string error protocol!
`
