/** The fields of volumes and their claims, in the language of `schema.ts`. */
export const VOLUME_SCHEMA = `
Volume
  AWSElasticBlockStoreVolumeSource awsElasticBlockStore
  AzureDiskVolumeSource azureDisk
  AzureFileVolumeSource azureFile
  CSIVolumeSource csi
  CephFSVolumeSource cephfs
  CinderVolumeSource cinder
  ConfigMapVolumeSource configMap
  DownwardAPIVolumeSource downwardAPI
  EmptyDirVolumeSource emptyDir
  EphemeralVolumeSource ephemeral
  FCVolumeSource fc
  FlexVolumeSource flexVolume
  FlockerVolumeSource flocker
  GCEPersistentDiskVolumeSource gcePersistentDisk
  GitRepoVolumeSource gitRepo
  GlusterfsVolumeSource glusterfs
  HostPathVolumeSource hostPath
  ISCSIVolumeSource iscsi
  ImageVolumeSource image
  NFSVolumeSource nfs
  PersistentVolumeClaimVolumeSource persistentVolumeClaim
  PhotonPersistentDiskVolumeSource photonPersistentDisk
  PortworxVolumeSource portworxVolume
  ProjectedVolumeSource projected
  QuobyteVolumeSource quobyte
  RBDVolumeSource rbd
  ScaleIOVolumeSource scaleIO
  SecretVolumeSource secret
  StorageOSVolumeSource storageos
  VsphereVirtualDiskVolumeSource vsphereVolume
  string name!
AWSElasticBlockStoreVolumeSource
  bool readOnly
  int32 partition
  string fsType volumeID!
AzureDiskVolumeSource
  bool readOnly
  string cachingMode! diskName! diskURI! fsType! kind!
AzureFileVolumeSource
  bool readOnly
  string secretName! shareName!
CephFSVolumeSource
  LocalObjectReference secretRef
  []string monitors!
  bool readOnly
  string path secretFile user
CinderVolumeSource
  LocalObjectReference secretRef
  bool readOnly
  string fsType volumeID!
ConfigMapVolumeSource
  []KeyToPath items
  bool optional!
  int32 defaultMode!
  string name
KeyToPath
  int32 mode!
  string key! path!
CSIVolumeSource
  LocalObjectReference nodePublishSecretRef
  bool readOnly
  map[string]string volumeAttributes
  string driver! fsType!
DownwardAPIVolumeSource
  []DownwardAPIVolumeFile items
  int32 defaultMode!
DownwardAPIVolumeFile
  ObjectFieldSelector fieldRef
  ResourceFieldSelector resourceFieldRef
  int32 mode!
  string path!
EmptyDirVolumeSource
  quantity sizeLimit
  string medium
EphemeralVolumeSource
  PersistentVolumeClaimTemplate volumeClaimTemplate
PersistentVolumeClaimTemplate
  ObjectMeta metadata
  PersistentVolumeClaimSpec spec!
PersistentVolumeClaimSpec
  LabelSelector selector
  TypedLocalObjectReference dataSource
  TypedObjectReference dataSourceRef
  VolumeResourceRequirements resources
  []string accessModes
  string storageClassName! volumeAttributesClassName! volumeMode! volumeName
VolumeResourceRequirements
  map[string]quantity limits requests
FCVolumeSource
  []string targetWWNs wwids
  bool readOnly
  int32 lun!
  string fsType
FlexVolumeSource
  LocalObjectReference secretRef
  bool readOnly
  map[string]string options
  string driver! fsType
FlockerVolumeSource
  string datasetName datasetUUID
GCEPersistentDiskVolumeSource
  bool readOnly
  int32 partition
  string fsType pdName!
GitRepoVolumeSource
  string directory repository! revision
GlusterfsVolumeSource
  bool readOnly
  string endpoints! path!
HostPathVolumeSource
  string path! type!
ImageVolumeSource
  string pullPolicy reference
ISCSIVolumeSource
  LocalObjectReference secretRef
  []string portals
  bool chapAuthDiscovery chapAuthSession readOnly
  int32 lun!
  string fsType initiatorName iqn! iscsiInterface targetPortal!
NFSVolumeSource
  bool readOnly
  string path! server!
PersistentVolumeClaimVolumeSource
  bool readOnly
  string claimName!
PhotonPersistentDiskVolumeSource
  string fsType pdID!
PortworxVolumeSource
  bool readOnly
  string fsType volumeID!
ProjectedVolumeSource
  []VolumeProjection sources
  int32 defaultMode!
VolumeProjection
  ClusterTrustBundleProjection clusterTrustBundle
  ConfigMapProjection configMap
  DownwardAPIProjection downwardAPI
  PodCertificateProjection podCertificate
  SecretProjection secret
  ServiceAccountTokenProjection serviceAccountToken
ClusterTrustBundleProjection
  LabelSelector labelSelector
  bool optional!
  string name! path! signerName!
ConfigMapProjection
  []KeyToPath items
  bool optional!
  string name
DownwardAPIProjection
  []DownwardAPIVolumeFile items
PodCertificateProjection
  int32 maxExpirationSeconds!
  map[string]string userAnnotations
  string certificateChainPath credentialBundlePath keyPath keyType! signerName!
SecretProjection
  []KeyToPath items
  bool optional!
  string name
ServiceAccountTokenProjection
  int64 expirationSeconds!
  string audience path!
QuobyteVolumeSource
  bool readOnly
  string group registry! tenant user volume!
RBDVolumeSource
  LocalObjectReference secretRef
  []string monitors!
  bool readOnly
  string fsType image! keyring pool user
ScaleIOVolumeSource
  LocalObjectReference secretRef!
  bool readOnly sslEnabled
  string fsType gateway! protectionDomain storageMode storagePool system! volumeName
SecretVolumeSource
  []KeyToPath items
  bool optional!
  int32 defaultMode!
  string secretName
StorageOSVolumeSource
  LocalObjectReference secretRef
  bool readOnly
  string fsType volumeName volumeNamespace
VsphereVirtualDiskVolumeSource
  string fsType storagePolicyID storagePolicyName volumePath!
PersistentVolumeClaim
  ObjectMeta metadata
  PersistentVolumeClaimSpec spec
  PersistentVolumeClaimStatus status
  string apiVersion kind
PersistentVolumeClaimStatus
  ModifyVolumeStatus modifyVolumeStatus
  []PersistentVolumeClaimCondition conditions
  []string accessModes
  map[string]quantity allocatedResources capacity
  map[string]string allocatedResourceStatuses
  string currentVolumeAttributesClassName phase
PersistentVolumeClaimCondition
  string message reason status! type!
  time lastProbeTime lastTransitionTime
ModifyVolumeStatus
  string status! targetVolumeAttributesClassName
`
