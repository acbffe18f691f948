/** Wires the watch over the pipeline, and the watchdog where there is a Connect to mend. */
import { createKafka } from '#platform/kafka.ts';
import type { ServiceContext } from '#platform/lifecycle.ts';
import type { ProjectorConfig } from './config.ts';
import { PIPELINE } from './pipeline-bounds.ts';
import { startPipelineWatch } from './pipeline-watch.ts';
import type { PipelineWatch } from './pipeline-watch.ts';
import { createWatchdog } from './pipeline-watchdog.ts';
import type { Watchdog } from './pipeline-watchdog.ts';
import { LOCK_CLASS, createSessionLocks } from './session-locks.ts';
import type { Stores } from './stores.ts';

export function watchPipeline(
  config: ProjectorConfig,
  ctx: ServiceContext,
  stores: Stores,
): PipelineWatch {
  const { kafkaBrokers, instance, topic, consumerGroup, connectUrl } = config;
  const { closers, stopping, log } = ctx;
  const { eventStore, watching, ledger } = stores;
  const { partitionCount } = ledger;
  // Without a log: the watch tells by itself whether Kafka answers.
  const kafka = createKafka(kafkaBrokers, `${instance}-watch`, undefined, {
    retries: PIPELINE.lagRetries,
    security: config.kafkaSecurity,
  });
  const watchdog = openWatchdog(config, ctx, stores);
  const asked = { eventStore, watching, connectUrl, kafka, topic, consumerGroup, partitionCount };
  const watch = startPipelineWatch({ ...asked, watchdog, log, stopping });
  closers.add('pipeline watch', () => watch.ended);
  return watch;
}

function openWatchdog(
  { connectUrl, connectorFile, eventStoreUrl, instance }: ProjectorConfig,
  { closers, stopping, log }: ServiceContext,
  { eventStore }: Stores,
): Watchdog | undefined {
  if (connectUrl === undefined) {
    log.warn('BANK_CONNECT_URL is not set: nobody mends the pipeline to Kafka.');
    return undefined;
  }
  const locks = createSessionLocks({
    url: eventStoreUrl,
    applicationName: `${instance}-watchdog`,
    lockClass: LOCK_CLASS.watchdog,
    log,
  });
  closers.add('watchdog lock', locks.close);
  return createWatchdog({ eventStore, locks, connectUrl, connectorFile, log, stopping });
}
