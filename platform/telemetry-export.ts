// The part of telemetry that is loaded only when somebody takes it: what the process is called
// there, and its traces and metrics as the settings say. Its end is bounded: a backend that is away
// does not hold it up, and what is not sent by then is lost.
import { resourceFromAttributes } from '@opentelemetry/resources';
import { startMetrics } from './metrics-export.ts';
import type { Telemetry, TelemetryOptions } from './telemetry.ts';
import type { TelemetrySettings } from './telemetry-settings.ts';
import { within } from './waiting.ts';

const SHUTDOWN_MS = 3_000;

export async function startExport(
  { service, instance }: TelemetryOptions,
  settings: TelemetrySettings,
): Promise<Telemetry> {
  const resource = resourceFromAttributes({
    'service.name': service,
    'service.instance.id': instance,
    'process.pid': process.pid,
  });
  const { endpoint, page, protocol, histograms } = settings;
  const { isSent, everyMs } = settings.metrics;
  const push = endpoint === undefined || !isSent ? undefined : { protocol, everyMs, histograms };
  const metrics = await startMetrics({ resource, page, push });
  const traces =
    endpoint === undefined
      ? undefined
      : await (await import('./trace-export.ts')).startTraces(resource, protocol, settings.traces);
  return {
    metricsAddress: metrics.address,
    shutdown: async () => {
      await within(SHUTDOWN_MS, Promise.all([traces?.shutdown(), metrics.shutdown()]));
    },
  };
}
