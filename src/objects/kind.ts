/**
 * The kinds that a cluster serves, by their names.
 *
 * A kind goes by many names: `Deployment`, `deployments`, `deploy`, `apps/v1`. They stand in one table
 * here, which the store, the command line and the API share.
 *
 * @module
 */

/** One kind of object, as API discovery describes it. */
export interface Kind {
  /** Empty for the core group. */
  readonly group: string
  readonly version: string
  /** `v1`, `apps/v1` */
  readonly apiVersion: string
  readonly kind: string
  /** The resource's name in paths and messages: `services`. */
  readonly plural: string
  readonly singular: string
  readonly shortNames: readonly string[]
  readonly namespaced: boolean
  /** Whether `status` is a subresource: written apart from the rest. */
  readonly status: boolean
}

/**
 * apiVersion, kind, resource, scope, short names, as Kubernetes 1.37 serves them, and the policy kinds that
 * sig-network publishes as custom resources.
 */
const TABLE = `
v1 ComponentStatus componentstatuses cluster cs
v1 ConfigMap configmaps namespaced cm
v1 Endpoints endpoints namespaced ep
v1 Event events namespaced ev
v1 LimitRange limitranges namespaced limits
v1 Namespace namespaces cluster+status ns
v1 Node nodes cluster+status no
v1 PersistentVolumeClaim persistentvolumeclaims namespaced+status pvc
v1 PersistentVolume persistentvolumes cluster+status pv
v1 Pod pods namespaced+status po
v1 PodTemplate podtemplates namespaced
v1 ReplicationController replicationcontrollers namespaced+status rc
v1 ResourceQuota resourcequotas namespaced+status quota
v1 Secret secrets namespaced
v1 ServiceAccount serviceaccounts namespaced sa
v1 Service services namespaced+status svc
apiregistration.k8s.io/v1 APIService apiservices cluster+status
apps/v1 ControllerRevision controllerrevisions namespaced
apps/v1 DaemonSet daemonsets namespaced+status ds
apps/v1 Deployment deployments namespaced+status deploy
apps/v1 ReplicaSet replicasets namespaced+status rs
apps/v1 StatefulSet statefulsets namespaced+status sts
autoscaling/v2 HorizontalPodAutoscaler horizontalpodautoscalers namespaced+status hpa
batch/v1 CronJob cronjobs namespaced+status cj
batch/v1 Job jobs namespaced+status
certificates.k8s.io/v1 CertificateSigningRequest certificatesigningrequests cluster+status csr
certificates.k8s.io/v1 ClusterTrustBundle clustertrustbundles cluster
certificates.k8s.io/v1 PodCertificateRequest podcertificaterequests namespaced+status
networking.k8s.io/v1 IngressClass ingressclasses cluster
networking.k8s.io/v1 Ingress ingresses namespaced+status ing
networking.k8s.io/v1 IPAddress ipaddresses cluster ip
networking.k8s.io/v1 NetworkPolicy networkpolicies namespaced netpol
networking.k8s.io/v1 ServiceCIDR servicecidrs cluster+status
policy/v1 PodDisruptionBudget poddisruptionbudgets namespaced+status pdb
rbac.authorization.k8s.io/v1 ClusterRoleBinding clusterrolebindings cluster
rbac.authorization.k8s.io/v1 ClusterRole clusterroles cluster
rbac.authorization.k8s.io/v1 RoleBinding rolebindings namespaced
rbac.authorization.k8s.io/v1 Role roles namespaced
storage.k8s.io/v1 CSIDriver csidrivers cluster
storage.k8s.io/v1 CSINode csinodes cluster+status
storage.k8s.io/v1 CSIStorageCapacity csistoragecapacities namespaced
storage.k8s.io/v1 StorageClass storageclasses cluster sc
storage.k8s.io/v1 VolumeAttachment volumeattachments cluster+status
storage.k8s.io/v1 VolumeAttributesClass volumeattributesclasses cluster vac
admissionregistration.k8s.io/v1 MutatingAdmissionPolicy mutatingadmissionpolicies cluster
admissionregistration.k8s.io/v1 MutatingAdmissionPolicyBinding mutatingadmissionpolicybindings cluster
admissionregistration.k8s.io/v1 MutatingWebhookConfiguration mutatingwebhookconfigurations cluster
admissionregistration.k8s.io/v1 ValidatingAdmissionPolicy validatingadmissionpolicies cluster+status
admissionregistration.k8s.io/v1 ValidatingAdmissionPolicyBinding validatingadmissionpolicybindings cluster
admissionregistration.k8s.io/v1 ValidatingWebhookConfiguration validatingwebhookconfigurations cluster
apiextensions.k8s.io/v1 CustomResourceDefinition customresourcedefinitions cluster+status crd,crds
scheduling.k8s.io/v1 PriorityClass priorityclasses cluster pc
coordination.k8s.io/v1 Lease leases namespaced
node.k8s.io/v1 RuntimeClass runtimeclasses cluster
discovery.k8s.io/v1 EndpointSlice endpointslices namespaced
resource.k8s.io/v1 DeviceClass deviceclasses cluster
resource.k8s.io/v1 DeviceTaintRule devicetaintrules cluster+status
resource.k8s.io/v1 ResourceClaim resourceclaims namespaced+status
resource.k8s.io/v1 ResourceClaimTemplate resourceclaimtemplates namespaced
resource.k8s.io/v1 ResourceSlice resourceslices cluster
flowcontrol.apiserver.k8s.io/v1 FlowSchema flowschemas cluster+status
flowcontrol.apiserver.k8s.io/v1 PriorityLevelConfiguration prioritylevelconfigurations cluster+status
storagemigration.k8s.io/v1 StorageVersionMigration storageversionmigrations cluster+status
policy.networking.k8s.io/v1alpha2 ClusterNetworkPolicy clusternetworkpolicies cluster+status cnp
policy.networking.k8s.io/v1alpha1 AdminNetworkPolicy adminnetworkpolicies cluster+status anp
policy.networking.k8s.io/v1alpha1 BaselineAdminNetworkPolicy baselineadminnetworkpolicies cluster+status banp
`

/** The one group of the table that Kubernetes does not serve by itself. */
const CUSTOM_GROUP = 'policy.networking.k8s.io'

/** Every kind in the order of discovery: the core group first. */
export const KINDS: readonly Kind[] = TABLE.trim().split('\n').map(readRow)

const BY_KIND = new Map(KINDS.map(kind => [kind.kind, kind]))
const BY_NAME = new Map(KINDS.toReversed().flatMap(kind => namesOf(kind).map(name => [name, kind] as const)))
const GROUPS = new Set(KINDS.map(kind => kind.group).filter(group => group !== CUSTOM_GROUP))

function readRow(row: string): Kind {
  const [apiVersion = '', kind = '', plural = '', scope = '', shortNames] = row.split(' ')
  return {
    ...splitApiVersion(apiVersion),
    apiVersion,
    kind,
    plural,
    singular: kind.toLowerCase(),
    shortNames: shortNames?.split(',') ?? [],
    namespaced: scope.startsWith('namespaced'),
    status: scope.endsWith('+status'),
  }
}

function namesOf(kind: Kind): string[] {
  return [kind.plural, kind.singular, ...kind.shortNames]
}

/** `apps/v1` has group `apps` and version `v1`; `v1` has the core group, which is empty. */
export function splitApiVersion(apiVersion: string): { readonly group: string; readonly version: string } {
  const slash = apiVersion.indexOf('/')
  return { group: slash < 0 ? '' : apiVersion.slice(0, slash), version: apiVersion.slice(slash + 1) }
}

/** The built-in kind of that name in CamelCase, whatever its group. */
export function findKind(kind: string): Kind | undefined {
  return BY_KIND.get(kind)
}

/** The kind that a person means by `svc`, `Services` or `deployments.apps`; case does not count. */
export function findKindByName(name: string): Kind | undefined {
  const lower = name.toLowerCase()
  const whole = BY_NAME.get(lower)
  if (whole !== undefined) return whole
  const dot = lower.indexOf('.')
  const kind = dot < 0 ? undefined : BY_NAME.get(lower.slice(0, dot))
  const rest = lower.slice(dot + 1)
  return kind !== undefined && (rest === kind.group || rest === `${kind.version}.${kind.group}`) ? kind : undefined
}

/** Whether Kubernetes itself serves that API group, so that a kind it does not list cannot exist there. */
export function isServedGroup(group: string): boolean {
  return GROUPS.has(group)
}

/** `services`, `deployments.apps`: the kind as messages of the API server name it. */
export function resourceOf(kind: Kind): string {
  return kind.group === '' ? kind.plural : `${kind.plural}.${kind.group}`
}
