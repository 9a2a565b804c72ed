/** The fields of Namespace, ConfigMap, Secret and ServiceAccount, in the language of `schema.ts`. */
export const CORE_SCHEMA = `
Namespace
  NamespaceSpec spec
  NamespaceStatus status
  ObjectMeta metadata
NamespaceSpec
  []string finalizers
NamespaceStatus
  []NamespaceCondition conditions
  string phase
NamespaceCondition
  string message reason status! type!
  time lastTransitionTime
ConfigMap
  ObjectMeta metadata
  bool immutable!
  map[string]bytes binaryData
  map[string]string data
Secret
  ObjectMeta metadata
  bool immutable!
  map[string]bytes data
  map[string]string stringData
  string type
ServiceAccount
  ObjectMeta metadata
  []LocalObjectReference imagePullSecrets
  []ObjectReference secrets
  bool automountServiceAccountToken!
`
