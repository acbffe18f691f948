// The samplers of OTEL_TRACES_SAMPLER, by OpenTelemetry's names; apart from the SDK, which is only
// loaded when there is somebody to send traces to.
export const SAMPLERS = [
  'always_on',
  'always_off',
  'traceidratio',
  'parentbased_always_on',
  'parentbased_always_off',
  'parentbased_traceidratio',
] as const;
export type SamplerName = (typeof SAMPLERS)[number];
