/**
 * Where traces and metrics would leave in plaintext, by what their exporters read of the
 * environment themselves: an address for both, or one for each, and whether one without a scheme
 * is plaintext.
 */
import { z } from 'zod';
import type { PlaintextWay } from './plaintext.ts';

const ENDPOINTS = [
  'OTEL_EXPORTER_OTLP_ENDPOINT',
  'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT',
  'OTEL_EXPORTER_OTLP_METRICS_ENDPOINT',
] as const;
const INSECURE = [
  'OTEL_EXPORTER_OTLP_INSECURE',
  'OTEL_EXPORTER_OTLP_TRACES_INSECURE',
  'OTEL_EXPORTER_OTLP_METRICS_INSECURE',
] as const;

/** Read by the exporters; here for their hosts only. */
export const TELEMETRY_WAYS_ENV = {
  OTEL_EXPORTER_OTLP_ENDPOINT: z.string().optional(),
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: z.string().optional(),
  OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: z.string().optional(),
  OTEL_EXPORTER_OTLP_INSECURE: z.string().optional(),
  OTEL_EXPORTER_OTLP_TRACES_INSECURE: z.string().optional(),
  OTEL_EXPORTER_OTLP_METRICS_INSECURE: z.string().optional(),
};

type Env = z.infer<z.ZodObject<typeof TELEMETRY_WAYS_ENV>>;

/** Without the first of them nothing is sent; all are held to the rule all the same. */
export function telemetryWays(env: Env): PlaintextWay[] {
  const isInsecure = INSECURE.some((name) => env[name]?.trim().toLowerCase() === 'true');
  return ENDPOINTS.map((variable) => {
    const host = plaintextHost(env[variable]?.trim() ?? '', isInsecure);
    return { variable, hosts: host === '' ? [] : [host], remedy: 'make it https:' };
  });
}

/** '': it is TLS, or nothing. */
function plaintextHost(endpoint: string, isInsecure: boolean): string {
  const hasScheme = /^https?:/i.test(endpoint);
  if (!hasScheme && !isInsecure) return '';
  const text = hasScheme ? endpoint : `http://${endpoint}`;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  return url?.protocol === 'http:' ? url.hostname : '';
}
