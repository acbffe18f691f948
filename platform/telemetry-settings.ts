// The settings of telemetry, the same in every service, read from the environment once, at the
// start: where the metrics page listens, where traces and metrics are sent, and what is kept. The
// OTEL_ names and their meanings are OpenTelemetry's own.
import { z } from 'zod';
import { ConfigError, envInt, envText, parseAddress, parseEnv, type Address } from './config.ts';

export type TelemetrySettings = {
  /** Undefined: no page. */
  readonly page: Address | undefined;
  /** Undefined: nothing is sent. */
  readonly endpoint: string | undefined;
  readonly protocol: string;
  readonly metrics: { readonly isSent: boolean; readonly everyMs: number };
  /** How histograms are sent; undefined: with explicit bounds. */
  readonly histograms: string | undefined;
};

const PROTOCOLS = ['grpc', 'http/protobuf'];

const SCHEMA = z.object({
  BANK_METRICS_LISTEN: envText(''),
  OTEL_EXPORTER_OTLP_ENDPOINT: envText(''),
  OTEL_EXPORTER_OTLP_PROTOCOL: envText('grpc'),
  OTEL_METRICS_EXPORTER: envText('otlp'),
  OTEL_METRIC_EXPORT_INTERVAL: envInt({ min: 1_000, max: 3_600_000, default: 60_000 }),
  OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION: envText(''),
});

export function readTelemetrySettings(given: NodeJS.ProcessEnv): TelemetrySettings {
  const env = parseEnv(SCHEMA, given);
  const protocol = env.OTEL_EXPORTER_OTLP_PROTOCOL;
  if (!PROTOCOLS.includes(protocol)) {
    const rule = `must be ${PROTOCOLS.join(' or ')}`;
    throw new ConfigError(`OTEL_EXPORTER_OTLP_PROTOCOL=${protocol}: ${rule}`);
  }
  const endpoint = env.OTEL_EXPORTER_OTLP_ENDPOINT;
  return {
    page: pageAddress(env.BANK_METRICS_LISTEN),
    endpoint: endpoint === '' ? undefined : endpoint,
    protocol,
    metrics: {
      isSent: env.OTEL_METRICS_EXPORTER !== 'none',
      everyMs: env.OTEL_METRIC_EXPORT_INTERVAL,
    },
    histograms: env.OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION,
  };
}

function pageAddress(text: string): Address | undefined {
  if (text === '') return undefined;
  const address = parseAddress(text);
  if (address !== undefined) return address;
  const rule = 'must be host:port with a port from 0 to 65535';
  throw new ConfigError(`BANK_METRICS_LISTEN=${JSON.stringify(text)}: ${rule}`);
}
