/** The fields of HorizontalPodAutoscaler, in the language of `schema.ts`. */
export const AUTOSCALING_SCHEMA = `
HorizontalPodAutoscaler
  HorizontalPodAutoscalerSpec spec!
  HorizontalPodAutoscalerStatus status
  ObjectMeta metadata
HorizontalPodAutoscalerSpec
  CrossVersionObjectReference scaleTargetRef!
  HorizontalPodAutoscalerBehavior behavior
  []MetricSpec metrics
  int32 maxReplicas! minReplicas!
HorizontalPodAutoscalerBehavior
  HPAScalingRules scaleDown scaleUp
HPAScalingRules
  []HPAScalingPolicy policies
  int32 stabilizationWindowSeconds!
  quantity tolerance
  string selectPolicy!
HPAScalingPolicy
  int32 periodSeconds! value!
  string type!
MetricSpec
  ContainerResourceMetricSource containerResource
  ExternalMetricSource external
  ObjectMetricSource object
  PodsMetricSource pods
  ResourceMetricSource resource
  string type!
ContainerResourceMetricSource
  MetricTarget target!
  string container! name!
MetricTarget
  int32 averageUtilization!
  quantity averageValue value
  string type!
ExternalMetricSource
  MetricIdentifier metric!
  MetricTarget target!
MetricIdentifier
  LabelSelector selector
  string name!
ObjectMetricSource
  CrossVersionObjectReference describedObject!
  MetricIdentifier metric!
  MetricTarget target!
PodsMetricSource
  MetricIdentifier metric!
  MetricTarget target!
ResourceMetricSource
  MetricTarget target!
  string name!
HorizontalPodAutoscalerStatus
  []HorizontalPodAutoscalerCondition conditions
  []MetricStatus currentMetrics
  int32 currentReplicas desiredReplicas!
  int64 observedGeneration!
  time lastScaleTime
HorizontalPodAutoscalerCondition
  string message reason status! type!
  time lastTransitionTime
MetricStatus
  ContainerResourceMetricStatus containerResource
  ExternalMetricStatus external
  ObjectMetricStatus object
  PodsMetricStatus pods
  ResourceMetricStatus resource
  string type!
ContainerResourceMetricStatus
  MetricValueStatus current!
  string container! name!
MetricValueStatus
  int32 averageUtilization
  quantity averageValue value
ExternalMetricStatus
  MetricIdentifier metric!
  MetricValueStatus current!
ObjectMetricStatus
  CrossVersionObjectReference describedObject!
  MetricIdentifier metric!
  MetricValueStatus current!
PodsMetricStatus
  MetricIdentifier metric!
  MetricValueStatus current!
ResourceMetricStatus
  MetricValueStatus current!
  string name!
`
