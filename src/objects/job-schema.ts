/** The fields of Job and CronJob, in the language of `schema.ts`. */
export const JOB_SCHEMA = `
Job
  JobSpec spec
  JobStatus status
  ObjectMeta metadata
JobSpec
  LabelSelector selector
  PodFailurePolicy podFailurePolicy
  PodTemplateSpec template!
  SuccessPolicy successPolicy
  bool manualSelector! suspend!
  int32 backoffLimit! backoffLimitPerIndex! completions! maxFailedIndexes! parallelism! ttlSecondsAfterFinished!
  int64 activeDeadlineSeconds!
  string completionMode! managedBy! podReplacementPolicy!
PodFailurePolicy
  []PodFailurePolicyRule rules!
PodFailurePolicyRule
  PodFailurePolicyOnExitCodesRequirement onExitCodes
  []PodFailurePolicyOnPodConditionsPattern onPodConditions
  string action!
PodFailurePolicyOnExitCodesRequirement
  []int32 values!
  string containerName! operator!
PodFailurePolicyOnPodConditionsPattern
  string status type!
SuccessPolicy
  []SuccessPolicyRule rules!
SuccessPolicyRule
  int32 succeededCount!
  string succeededIndexes!
JobStatus
  UncountedTerminatedPods uncountedTerminatedPods
  []JobCondition conditions
  int32 active failed ready! succeeded terminating!
  string completedIndexes failedIndexes!
  time completionTime startTime
JobCondition
  string message reason status! type!
  time lastProbeTime lastTransitionTime
UncountedTerminatedPods
  []string failed succeeded
CronJob
  CronJobSpec spec!
  CronJobStatus status
  ObjectMeta metadata
CronJobSpec
  JobTemplateSpec jobTemplate!
  bool suspend!
  int32 failedJobsHistoryLimit! successfulJobsHistoryLimit!
  int64 startingDeadlineSeconds!
  string concurrencyPolicy schedule! timeZone!
JobTemplateSpec
  JobSpec spec
  ObjectMeta metadata
CronJobStatus
  []ObjectReference active
  time lastScheduleTime lastSuccessfulTime
`
