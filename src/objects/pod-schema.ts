/** The fields of Pod, without containers and volumes, in the language of `schema.ts`. */
export const POD_SCHEMA = `
Pod
  ObjectMeta metadata
  PodSpec spec
  PodStatus status
PodSpec
  Affinity affinity
  PodDNSConfig dnsConfig
  PodOS os
  PodSchedulingGroup schedulingGroup
  PodSecurityContext securityContext
  ResourceRequirements resources
  []Container containers! initContainers
  []EphemeralContainer ephemeralContainers
  []HostAlias hostAliases
  []LocalObjectReference imagePullSecrets
  []PodReadinessGate readinessGates
  []PodResourceClaim resourceClaims
  []PodSchedulingGate schedulingGates
  []Toleration tolerations
  []TopologySpreadConstraint topologySpreadConstraints
  []Volume volumes
  bool automountServiceAccountToken! enableServiceLinks! hostIPC hostNetwork hostPID hostUsers! setHostnameAsFQDN!
  bool shareProcessNamespace!
  int32 priority!
  int64 activeDeadlineSeconds! terminationGracePeriodSeconds!
  map[string]quantity overhead
  map[string]string nodeSelector
  string dnsPolicy hostname hostnameOverride! nodeName preemptionPolicy! priorityClassName restartPolicy
  string runtimeClassName! schedulerName serviceAccount serviceAccountName subdomain
Affinity
  NodeAffinity nodeAffinity
  PodAffinity podAffinity
  PodAntiAffinity podAntiAffinity
NodeAffinity
  NodeSelector requiredDuringSchedulingIgnoredDuringExecution
  []PreferredSchedulingTerm preferredDuringSchedulingIgnoredDuringExecution
PreferredSchedulingTerm
  NodeSelectorTerm preference!
  int32 weight!
NodeSelectorTerm
  []NodeSelectorRequirement matchExpressions matchFields
NodeSelectorRequirement
  []string values
  string key! operator!
NodeSelector
  []NodeSelectorTerm nodeSelectorTerms!
PodAffinity
  []PodAffinityTerm requiredDuringSchedulingIgnoredDuringExecution
  []WeightedPodAffinityTerm preferredDuringSchedulingIgnoredDuringExecution
WeightedPodAffinityTerm
  PodAffinityTerm podAffinityTerm!
  int32 weight!
PodAffinityTerm
  LabelSelector labelSelector namespaceSelector
  []string matchLabelKeys mismatchLabelKeys namespaces
  string topologyKey!
PodAntiAffinity
  []PodAffinityTerm requiredDuringSchedulingIgnoredDuringExecution
  []WeightedPodAffinityTerm preferredDuringSchedulingIgnoredDuringExecution
PodDNSConfig
  []PodDNSConfigOption options
  []string nameservers searches
PodDNSConfigOption
  string name value!
HostAlias
  []string hostnames
  string ip!
PodOS
  string name!
PodReadinessGate
  string conditionType!
PodResourceClaim
  string name! resourceClaimName! resourceClaimTemplateName!
PodSchedulingGate
  string name!
PodSchedulingGroup
  string podGroupName!
PodSecurityContext
  AppArmorProfile appArmorProfile
  SELinuxOptions seLinuxOptions
  SeccompProfile seccompProfile
  WindowsSecurityContextOptions windowsOptions
  []Sysctl sysctls
  []int64 supplementalGroups
  bool runAsNonRoot!
  int64 fsGroup! runAsGroup! runAsUser!
  string fsGroupChangePolicy! seLinuxChangePolicy! supplementalGroupsPolicy!
Sysctl
  string name! value!
Toleration
  int64 tolerationSeconds!
  string effect key operator value
TopologySpreadConstraint
  LabelSelector labelSelector
  []string matchLabelKeys
  int32 maxSkew! minDomains!
  string nodeAffinityPolicy! nodeTaintsPolicy! topologyKey! whenUnsatisfiable!
PodStatus
  PodExtendedResourceClaimStatus extendedResourceClaimStatus
  ResourceRequirements resources
  []ContainerStatus containerStatuses ephemeralContainerStatuses initContainerStatuses
  []HostIP hostIPs
  []NodeAllocatableResourceClaimStatus nodeAllocatableResourceClaimStatuses
  []PodCondition conditions
  []PodIP podIPs
  []PodResourceClaimStatus resourceClaimStatuses
  int64 observedGeneration
  map[string]quantity allocatedResources
  string hostIP message nominatedNodeName phase podIP qosClass reason resize
  time startTime
PodCondition
  int64 observedGeneration
  string message reason status! type!
  time lastProbeTime lastTransitionTime
ContainerStatus
  ContainerState lastState state
  ContainerUser user
  ResourceRequirements resources
  []ResourceStatus allocatedResourcesStatus
  []VolumeMountStatus volumeMounts
  bool ready! started!
  int32 restartCount!
  map[string]quantity allocatedResources
  string containerID image! imageID! name! stopSignal!
ResourceStatus
  []ResourceHealth resources
  string name!
ResourceHealth
  string health message resourceID!
ContainerState
  ContainerStateRunning running
  ContainerStateTerminated terminated
  ContainerStateWaiting waiting
ContainerStateRunning
  time startedAt
ContainerStateTerminated
  int32 exitCode! signal
  string containerID message reason
  time finishedAt startedAt
ContainerStateWaiting
  string message reason
ContainerUser
  LinuxContainerUser linux
LinuxContainerUser
  []int64 supplementalGroups
  int64 gid! uid!
VolumeMountStatus
  VolumeStatus volumeStatus
  bool readOnly
  string mountPath! name! recursiveReadOnly
VolumeStatus
  ImageVolumeStatus image
ImageVolumeStatus
  string imageRef!
PodExtendedResourceClaimStatus
  []ContainerExtendedResourceRequest requestMappings!
  string resourceClaimName!
ContainerExtendedResourceRequest
  string containerName! requestName! resourceName!
HostIP
  string ip!
NodeAllocatableResourceClaimStatus
  []string containers
  map[string]string resources!
  string resourceClaimName!
PodIP
  string ip!
PodResourceClaimStatus
  string name! resourceClaimName
`
