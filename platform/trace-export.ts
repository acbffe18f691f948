// The part of telemetry that is loaded only when there is an OTLP endpoint: the SDK, a bounded
// queue of spans (what does not fit is dropped, never waited for), and the exporter that
// OTEL_EXPORTER_OTLP_PROTOCOL names: grpc (the default) or http/protobuf. OTEL_TRACES_SAMPLER and
// OTEL_BSP_* work as the standard says.
import { resourceFromAttributes } from '@opentelemetry/resources';
import { NodeSDK } from '@opentelemetry/sdk-node';
import { BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';
import type { SpanExporter } from '@opentelemetry/sdk-trace-base';

const QUEUE_SPANS_MAX = 8192;
const BATCH_SPANS_MAX = 512;
const SEND_EVERY_MS = 500;
const SEND_TIMEOUT_MS = 5000;
const SHUTDOWN_MS = 3000;

type Options = { service: string; instance: string; env: NodeJS.ProcessEnv };

export async function startExport(options: Options): Promise<{ shutdown: () => Promise<void> }> {
  const exporter = await createExporter(options.env['OTEL_EXPORTER_OTLP_PROTOCOL'] ?? 'grpc');
  const sdk = new NodeSDK({
    autoDetectResources: false,
    instrumentations: [], // each step makes its own span (telemetry.ts)
    metricReaders: [],
    logRecordProcessors: [],
    resource: resourceFromAttributes({
      'service.name': options.service,
      'service.instance.id': options.instance,
      'process.pid': process.pid,
    }),
    spanProcessors: [
      new BatchSpanProcessor(exporter, {
        maxQueueSize: QUEUE_SPANS_MAX,
        maxExportBatchSize: BATCH_SPANS_MAX,
        scheduledDelayMillis: SEND_EVERY_MS,
        exportTimeoutMillis: SEND_TIMEOUT_MS,
      }),
    ],
  });
  sdk.start();
  return { shutdown: () => within(SHUTDOWN_MS, sdk.shutdown()) };
}

async function createExporter(protocol: string): Promise<SpanExporter> {
  if (protocol === 'grpc') {
    const { OTLPTraceExporter } = await import('@opentelemetry/exporter-trace-otlp-grpc');
    return new OTLPTraceExporter({ timeoutMillis: SEND_TIMEOUT_MS });
  }
  if (protocol === 'http/protobuf') {
    const { OTLPTraceExporter } = await import('@opentelemetry/exporter-trace-otlp-proto');
    return new OTLPTraceExporter({ timeoutMillis: SEND_TIMEOUT_MS });
  }
  throw new Error(`OTEL_EXPORTER_OTLP_PROTOCOL=${protocol}: must be grpc or http/protobuf`);
}

/** A backend that is away must not hold up the process's end: what is not sent by then is lost. */
async function within(ms: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([work, late]).finally(() => clearTimeout(timer));
}
