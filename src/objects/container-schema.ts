/** What a container has that was there from the start, and one that was added for a look inside. */
const FIELDS = `  Lifecycle lifecycle
  Probe livenessProbe readinessProbe startupProbe
  ResourceRequirements resources
  SecurityContext securityContext
  []ContainerPort ports
  []ContainerResizePolicy resizePolicy
  []ContainerRestartRule restartPolicyRules
  []EnvFromSource envFrom
  []EnvVar env
  []VolumeDevice volumeDevices
  []VolumeMount volumeMounts
  []string args command
  bool stdin stdinOnce tty
  string image imagePullPolicy name! restartPolicy! terminationMessagePath terminationMessagePolicy workingDir`

/** The fields of containers, in the language of `schema.ts`. */
export const CONTAINER_SCHEMA = `
Container
${FIELDS}
EnvVar
  EnvVarSource valueFrom
  string name! value
EnvVarSource
  ConfigMapKeySelector configMapKeyRef
  FileKeySelector fileKeyRef
  ObjectFieldSelector fieldRef
  ResourceFieldSelector resourceFieldRef
  SecretKeySelector secretKeyRef
ConfigMapKeySelector
  bool optional!
  string key! name
ObjectFieldSelector
  string apiVersion fieldPath!
FileKeySelector
  bool optional!
  string key! path! volumeName!
ResourceFieldSelector
  quantity divisor
  string containerName resource!
SecretKeySelector
  bool optional!
  string key! name
EnvFromSource
  ConfigMapEnvSource configMapRef
  SecretEnvSource secretRef
  string prefix
ConfigMapEnvSource
  bool optional!
  string name
SecretEnvSource
  bool optional!
  string name
Lifecycle
  LifecycleHandler postStart preStop
  string stopSignal!
LifecycleHandler
  ExecAction exec
  HTTPGetAction httpGet
  SleepAction sleep
  TCPSocketAction tcpSocket
ExecAction
  []string command
HTTPGetAction
  []HTTPHeader httpHeaders
  intOrString port!
  string host path scheme
HTTPHeader
  string name! value!
SleepAction
  int64 seconds!
TCPSocketAction
  intOrString port!
  string host
Probe
  ExecAction exec
  GRPCAction grpc
  HTTPGetAction httpGet
  TCPSocketAction tcpSocket
  int32 failureThreshold initialDelaySeconds periodSeconds successThreshold timeoutSeconds
  int64 terminationGracePeriodSeconds!
GRPCAction
  int32 port!
  string service!
ContainerPort
  int32 containerPort! hostPort
  string hostIP name protocol
ContainerResizePolicy
  string resourceName! restartPolicy!
ResourceRequirements
  []ResourceClaim claims
  map[string]quantity limits requests
ResourceClaim
  string name! request
ContainerRestartRule
  ContainerRestartRuleOnExitCodes exitCodes
  string action!
ContainerRestartRuleOnExitCodes
  []int32 values
  string operator!
SecurityContext
  AppArmorProfile appArmorProfile
  Capabilities capabilities
  SELinuxOptions seLinuxOptions
  SeccompProfile seccompProfile
  WindowsSecurityContextOptions windowsOptions
  bool allowPrivilegeEscalation! privileged! readOnlyRootFilesystem! runAsNonRoot!
  int64 runAsGroup! runAsUser!
  string procMount!
AppArmorProfile
  string localhostProfile! type!
Capabilities
  []string add drop
SELinuxOptions
  string level role type user
SeccompProfile
  string localhostProfile! type!
WindowsSecurityContextOptions
  bool hostProcess!
  string gmsaCredentialSpec! gmsaCredentialSpecName! runAsUserName!
VolumeDevice
  string devicePath! name!
VolumeMount
  bool readOnly
  string mountPath! mountPropagation! name! recursiveReadOnly! subPath subPathExpr
EphemeralContainer
${FIELDS}
  string targetContainerName
`
