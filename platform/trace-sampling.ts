// Which traces are sent: OpenTelemetry's samplers by OTEL_TRACES_SAMPLER, a tenth of all by
// default, and two rules on top. What is linked to a sampled trace is sampled too, so that whoever
// follows a caller's stream finds its batches. And what is not sampled is recorded all the same,
// for kept-traces.ts to send it after all when it fails or is slow.
import { TraceFlags, trace } from '@opentelemetry/api';
import type { Context, Link } from '@opentelemetry/api';
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  ParentBasedSampler,
  SamplingDecision,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace-base';
import type { Sampler, SamplingResult } from '@opentelemetry/sdk-trace-base';
import type { SamplerName } from './sampler-names.ts';

const SAMPLED: SamplingResult = { decision: SamplingDecision.RECORD_AND_SAMPLED };
const RECORDED: SamplingResult = { decision: SamplingDecision.RECORD };

export function createSampler(name: SamplerName, ratio: number): Sampler {
  const inner = samplerOf(name, ratio);
  if (name === 'always_off') return inner;
  return {
    shouldSample(...asked) {
      const result = inner.shouldSample(...asked);
      if (result.decision !== SamplingDecision.NOT_RECORD) return result;
      const [context, , , , , links] = asked;
      return isRoot(context) && links.some(isSampled) ? SAMPLED : RECORDED;
    },
    toString: () => `Kept(${inner.toString()})`,
  };
}

function samplerOf(name: SamplerName, ratio: number): Sampler {
  switch (name) {
    case 'always_on':
      return new AlwaysOnSampler();
    case 'always_off':
      return new AlwaysOffSampler();
    case 'traceidratio':
      return new TraceIdRatioBasedSampler(ratio);
    case 'parentbased_always_on':
      return new ParentBasedSampler({ root: new AlwaysOnSampler() });
    case 'parentbased_always_off':
      return new ParentBasedSampler({ root: new AlwaysOffSampler() });
    case 'parentbased_traceidratio':
      return new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(ratio) });
  }
}

function isRoot(context: Context): boolean {
  return trace.getSpanContext(context) === undefined;
}

function isSampled({ context }: Link): boolean {
  return (context.traceFlags & TraceFlags.SAMPLED) !== 0;
}
