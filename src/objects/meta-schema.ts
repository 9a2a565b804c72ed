/** The fields of metadata, selectors and references, in the language of `schema.ts`. */
export const META_SCHEMA = `
ObjectMeta
  []ManagedFieldsEntry managedFields
  []OwnerReference ownerReferences
  []string finalizers
  int64 deletionGracePeriodSeconds! generation
  map[string]string annotations labels
  string generateName name namespace resourceVersion selfLink uid
  time creationTimestamp deletionTimestamp
ManagedFieldsEntry
  any fieldsV1
  string apiVersion fieldsType manager operation subresource
  time time
OwnerReference
  bool blockOwnerDeletion! controller!
  string apiVersion! kind! name! uid!
Condition
  int64 observedGeneration
  string message! reason! status! type!
  time lastTransitionTime!
ObjectReference
  string apiVersion fieldPath kind name namespace resourceVersion uid
LabelSelector
  []LabelSelectorRequirement matchExpressions
  map[string]string matchLabels
LabelSelectorRequirement
  []string values
  string key! operator!
LocalObjectReference
  string name
TypedLocalObjectReference
  string apiGroup! kind! name!
TypedObjectReference
  string apiGroup! kind! name! namespace!
CrossVersionObjectReference
  string apiVersion kind! name!
`
