// The part of telemetry that is loaded only when there is an OTLP endpoint: the SDK with its
// sampler (trace-sampling.ts), what is kept though it was not sampled (kept-traces.ts), a bounded
// queue of spans (what does not fit is dropped, never waited for), and the exporter by gRPC or
// http/protobuf.
import { trace } from '@opentelemetry/api';
import type { Resource } from '@opentelemetry/resources';
import { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';
import type { SpanExporter } from '@opentelemetry/sdk-trace-base';
import { KeptTraces } from './kept-traces.ts';
import type { TraceSettings } from './telemetry-settings.ts';
import { createSampler } from './trace-sampling.ts';

const QUEUE_SPANS_MAX = 8192;
const BATCH_SPANS_MAX = 512;
const SEND_EVERY_MS = 2000;
const SEND_TIMEOUT_MS = 5000;

export async function startTraces(
  resource: Resource,
  protocol: string,
  { sampler, ratio, slowMs }: TraceSettings,
): Promise<{ shutdown: () => Promise<void> }> {
  const exporter = await createExporter(protocol);
  const sending = new BatchSpanProcessor(exporter, {
    maxQueueSize: QUEUE_SPANS_MAX,
    maxExportBatchSize: BATCH_SPANS_MAX,
    scheduledDelayMillis: SEND_EVERY_MS,
    exportTimeoutMillis: SEND_TIMEOUT_MS,
  });
  const provider = new BasicTracerProvider({
    resource,
    sampler: createSampler(sampler, ratio),
    spanProcessors: [new KeptTraces(sending, slowMs)],
  });
  trace.setGlobalTracerProvider(provider);
  return { shutdown: () => provider.shutdown() };
}

async function createExporter(protocol: string): Promise<SpanExporter> {
  if (protocol === 'grpc') {
    const { OTLPTraceExporter } = await import('@opentelemetry/exporter-trace-otlp-grpc');
    return new OTLPTraceExporter({ timeoutMillis: SEND_TIMEOUT_MS });
  }
  const { OTLPTraceExporter } = await import('@opentelemetry/exporter-trace-otlp-proto');
  return new OTLPTraceExporter({ timeoutMillis: SEND_TIMEOUT_MS });
}
