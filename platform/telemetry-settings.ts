// The settings of telemetry, the same in every service, read from the environment once, at the
// start: where the metrics page listens, where traces and metrics are sent, and what is kept. The
// OTEL_ names and their meanings are OpenTelemetry's own.
import { z } from 'zod';
import { SAMPLERS, type SamplerName } from './sampler-names.ts';
import { isLoopback } from './loopback.ts';
import { ConfigError, envInt, envText, parseAddress, parseEnv, type Address } from './config.ts';

export type TelemetrySettings = {
  /** Undefined: no page. */
  readonly page: Address | undefined;
  /** Undefined: nothing is sent. */
  readonly endpoint: string | undefined;
  readonly protocol: (typeof PROTOCOLS)[number];
  readonly metrics: { readonly isSent: boolean; readonly everyMs: number };
  /** How histograms are sent; undefined: with explicit bounds. */
  readonly histograms: string | undefined;
  readonly traces: TraceSettings;
  /** Telemetry may name accounts and submissions. */
  readonly details: boolean;
};

export type TraceSettings = {
  readonly sampler: SamplerName;
  /** Of the samplers by ratio. */
  readonly ratio: number;
  /** What took so long is sent though it was not sampled. */
  readonly slowMs: number;
};

const DEFAULT_SAMPLER = 'parentbased_traceidratio';
const DEFAULT_RATIO = 0.1;
/** What the standard says of a sampler that is named without a ratio. */
const UNSAID_RATIO = 1;

const PROTOCOLS = ['grpc', 'http/protobuf'] as const;

const SCHEMA = z.object({
  BANK_METRICS_LISTEN: envText(''),
  BANK_METRICS_PLAINTEXT: z.enum(['refused', 'allowed']).default('refused'),
  OTEL_EXPORTER_OTLP_ENDPOINT: envText(''),
  OTEL_EXPORTER_OTLP_PROTOCOL: envText('grpc'),
  OTEL_METRICS_EXPORTER: envText('otlp'),
  OTEL_METRIC_EXPORT_INTERVAL: envInt({ min: 1_000, max: 3_600_000, default: 60_000 }),
  OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION: envText(''),
  OTEL_TRACES_SAMPLER: envText(''),
  OTEL_TRACES_SAMPLER_ARG: envText(''),
  BANK_TELEMETRY_SLOW_MS: envInt({ min: 1, max: 3_600_000, default: 1_000 }),
  BANK_TELEMETRY_DETAILS: envInt({ min: 0, max: 1, default: 0 }),
});

export function readTelemetrySettings(given: NodeJS.ProcessEnv): TelemetrySettings {
  const env = parseEnv(SCHEMA, given);
  const protocol = oneOf('OTEL_EXPORTER_OTLP_PROTOCOL', env.OTEL_EXPORTER_OTLP_PROTOCOL, PROTOCOLS);
  const endpoint = env.OTEL_EXPORTER_OTLP_ENDPOINT;
  return {
    page: pageAddress(env.BANK_METRICS_LISTEN, env.BANK_METRICS_PLAINTEXT === 'allowed'),
    endpoint: endpoint === '' ? undefined : endpoint,
    protocol,
    metrics: {
      isSent: env.OTEL_METRICS_EXPORTER !== 'none',
      everyMs: env.OTEL_METRIC_EXPORT_INTERVAL,
    },
    histograms: env.OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION,
    traces: { ...samplerOf(env), slowMs: env.BANK_TELEMETRY_SLOW_MS },
    details: env.BANK_TELEMETRY_DETAILS === 1,
  };
}

function samplerOf(env: z.infer<typeof SCHEMA>): Pick<TraceSettings, 'sampler' | 'ratio'> {
  const { OTEL_TRACES_SAMPLER: name, OTEL_TRACES_SAMPLER_ARG: text } = env;
  const sampler = oneOf('OTEL_TRACES_SAMPLER', name === '' ? DEFAULT_SAMPLER : name, SAMPLERS);
  if (text === '') return { sampler, ratio: name === '' ? DEFAULT_RATIO : UNSAID_RATIO };
  const ratio = Number(text);
  if (ratio >= 0 && ratio <= 1) return { sampler, ratio };
  throw new ConfigError(`OTEL_TRACES_SAMPLER_ARG=${JSON.stringify(text)}: must be from 0 to 1`);
}

function oneOf<T extends string>(name: string, text: string, known: readonly T[]): T {
  const found = known.find((one) => one === text);
  if (found !== undefined) return found;
  throw new ConfigError(`${name}=${JSON.stringify(text)}: must be one of ${known.join(', ')}`);
}

/** `isOpen`: whoever reaches it may read it, in plaintext; else it is for this machine. */
function pageAddress(text: string, isOpen: boolean): Address | undefined {
  if (text === '') return undefined;
  const address = parseAddress(text);
  const wrong = (rule: string): Error =>
    new ConfigError(`BANK_METRICS_LISTEN=${JSON.stringify(text)}: ${rule}`);
  if (address === undefined) throw wrong('must be host:port with a port from 0 to 65535');
  if (isOpen || isLoopback(address.host)) return address;
  throw wrong(
    'the page is plaintext and asks nobody who reads it, and so for this machine only: ' +
      'set BANK_METRICS_PLAINTEXT=allowed where only Prometheus reaches it',
  );
}
