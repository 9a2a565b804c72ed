/** The fields of the kinds that keep Pods running, in the language of `schema.ts`. */
export const WORKLOAD_SCHEMA = `
Deployment
  DeploymentSpec spec
  DeploymentStatus status
  ObjectMeta metadata
DeploymentSpec
  DeploymentStrategy strategy
  LabelSelector selector!
  PodTemplateSpec template!
  bool paused
  int32 minReadySeconds progressDeadlineSeconds! replicas! revisionHistoryLimit!
DeploymentStrategy
  RollingUpdateDeployment rollingUpdate
  string type
RollingUpdateDeployment
  intOrString maxSurge maxUnavailable
PodTemplateSpec
  ObjectMeta metadata
  PodSpec spec
DeploymentStatus
  []DeploymentCondition conditions
  int32 availableReplicas collisionCount! readyReplicas replicas terminatingReplicas! unavailableReplicas
  int32 updatedReplicas
  int64 observedGeneration
DeploymentCondition
  string message reason status! type!
  time lastTransitionTime lastUpdateTime
ReplicaSet
  ObjectMeta metadata
  ReplicaSetSpec spec
  ReplicaSetStatus status
ReplicaSetSpec
  LabelSelector selector!
  PodTemplateSpec template
  int32 minReadySeconds replicas!
ReplicaSetStatus
  []ReplicaSetCondition conditions
  int32 availableReplicas fullyLabeledReplicas readyReplicas replicas! terminatingReplicas!
  int64 observedGeneration
ReplicaSetCondition
  string message reason status! type!
  time lastTransitionTime
ReplicationController
  ObjectMeta metadata
  ReplicationControllerSpec spec
  ReplicationControllerStatus status
ReplicationControllerSpec
  PodTemplateSpec template
  int32 minReadySeconds replicas!
  map[string]string selector
ReplicationControllerStatus
  []ReplicationControllerCondition conditions
  int32 availableReplicas fullyLabeledReplicas readyReplicas replicas!
  int64 observedGeneration
ReplicationControllerCondition
  string message reason status! type!
  time lastTransitionTime
StatefulSet
  ObjectMeta metadata
  StatefulSetSpec spec
  StatefulSetStatus status
StatefulSetSpec
  LabelSelector selector!
  PodTemplateSpec template!
  StatefulSetOrdinals ordinals
  StatefulSetPersistentVolumeClaimRetentionPolicy persistentVolumeClaimRetentionPolicy
  StatefulSetUpdateStrategy updateStrategy
  []PersistentVolumeClaim volumeClaimTemplates
  int32 minReadySeconds replicas! revisionHistoryLimit!
  string podManagementPolicy serviceName
StatefulSetOrdinals
  int32 start
StatefulSetPersistentVolumeClaimRetentionPolicy
  string whenDeleted whenScaled
StatefulSetUpdateStrategy
  RollingUpdateStatefulSetStrategy rollingUpdate
  string type
RollingUpdateStatefulSetStrategy
  int32 partition!
  intOrString maxUnavailable
StatefulSetStatus
  []StatefulSetCondition conditions
  int32 availableReplicas collisionCount! currentReplicas readyReplicas replicas! updatedReplicas
  int64 observedGeneration
  string currentRevision updateRevision
StatefulSetCondition
  string message reason status! type!
  time lastTransitionTime
DaemonSet
  DaemonSetSpec spec
  DaemonSetStatus status
  ObjectMeta metadata
DaemonSetSpec
  DaemonSetUpdateStrategy updateStrategy
  LabelSelector selector!
  PodTemplateSpec template!
  int32 minReadySeconds revisionHistoryLimit!
DaemonSetUpdateStrategy
  RollingUpdateDaemonSet rollingUpdate
  string type
RollingUpdateDaemonSet
  intOrString maxSurge maxUnavailable
DaemonSetStatus
  []DaemonSetCondition conditions
  int32 collisionCount! currentNumberScheduled! desiredNumberScheduled! numberAvailable numberMisscheduled!
  int32 numberReady! numberUnavailable updatedNumberScheduled
  int64 observedGeneration
DaemonSetCondition
  string message reason status! type!
  time lastTransitionTime
`
