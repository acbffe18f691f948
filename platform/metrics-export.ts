// The part of telemetry that is loaded only when somebody takes the metrics: a meter provider with
// the Prometheus page (BANK_METRICS_LISTEN) and the OTLP push (OTEL_EXPORTER_OTLP_ENDPOINT, by the
// protocol that traces go by; OTEL_METRICS_EXPORTER=none leaves it out). The push may send
// exponential histograms, the page cannot.
import type { Resource } from '@opentelemetry/resources';
import {
  AggregationType,
  InstrumentType,
  MeterProvider,
  PeriodicExportingMetricReader,
  type IMetricReader,
  type PushMetricExporter,
} from '@opentelemetry/sdk-metrics';
import type { Address } from './config.ts';
import { bindInstruments } from './instruments.ts';
import { createMetricsPage } from './metrics-page.ts';
import { watchProcess } from './process-metrics.ts';

const SEND_TIMEOUT_MS = 5_000;
const EXPONENTIAL = 'base2_exponential_bucket_histogram';

export type MetricsOptions = {
  readonly resource: Resource;
  /** Undefined: no page. */
  readonly page: Address | undefined;
  /** Undefined: no push. */
  readonly push: PushOptions | undefined;
};

export type PushOptions = {
  readonly protocol: string;
  readonly everyMs: number;
  readonly histograms: string | undefined;
};

export type MetricsExport = {
  /** host:port of the page. */
  readonly address: string | undefined;
  shutdown(): Promise<void>;
};

export async function startMetrics({
  resource,
  page,
  push,
}: MetricsOptions): Promise<MetricsExport> {
  const readers: IMetricReader[] = [];
  const served = page === undefined ? undefined : createMetricsPage();
  if (served !== undefined) readers.push(served.reader);
  if (push !== undefined) readers.push(await pushing(push));
  const provider = new MeterProvider({ resource, readers });
  bindInstruments(provider.getMeter('banking-es'));
  const unwatch = watchProcess();
  const address = page === undefined ? undefined : await served?.listen(page);
  return {
    address,
    async shutdown() {
      served?.close();
      await provider.shutdown({ timeoutMillis: SEND_TIMEOUT_MS }); // and sends what is left
      bindInstruments(undefined);
      unwatch();
    },
  };
}

async function pushing(push: PushOptions): Promise<IMetricReader> {
  return new PeriodicExportingMetricReader({
    exporter: await createExporter(push),
    exportIntervalMillis: push.everyMs,
    exportTimeoutMillis: Math.min(SEND_TIMEOUT_MS, push.everyMs),
  });
}

async function createExporter({ protocol, histograms }: PushOptions): Promise<PushMetricExporter> {
  const isExponential = histograms === EXPONENTIAL;
  const options = {
    timeoutMillis: SEND_TIMEOUT_MS,
    aggregationPreference: (type: InstrumentType) =>
      isExponential && type === InstrumentType.HISTOGRAM
        ? ({ type: AggregationType.EXPONENTIAL_HISTOGRAM } as const)
        : ({ type: AggregationType.DEFAULT } as const),
  };
  if (protocol === 'grpc') {
    const { OTLPMetricExporter } = await import('@opentelemetry/exporter-metrics-otlp-grpc');
    return new OTLPMetricExporter(options);
  }
  const { OTLPMetricExporter } = await import('@opentelemetry/exporter-metrics-otlp-proto');
  return new OTLPMetricExporter(options);
}
