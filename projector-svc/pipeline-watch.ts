/**
 * Looks at the pipeline again and again, on every replica: both stores and Connect every 2 s, Kafka
 * every 5 s. Keeps what was seen last for whoever asks (GetProjectionStatus), as metrics, and tells
 * each change of a state in the log; the watchdog gets each look and mends. What cannot be asked is
 * a state too, so the watch goes on whatever is down.
 */
import type { Kafka } from 'kafkajs';
import { readConsumerLag } from '#platform/consumer-lag.ts';
import type { Logger } from '#platform/logger.ts';
import { sleep } from '#platform/waiting.ts';
import type { Check, State } from './health-state.ts';
import { lagSeen } from './lag-question.ts';
import type { AskLag } from './lag-question.ts';
import { PIPELINE } from './pipeline-bounds.ts';
import { parkedCheck, pipelineChecks } from './pipeline-checks.ts';
import { lookAtPipeline, newMemory, remember } from './pipeline-look.ts';
import type { LagSeen, Look, LookContext, PipelineSnapshot } from './pipeline-look.ts';
import { tellMetrics, tellStates } from './pipeline-metrics.ts';
import type { Watchdog } from './pipeline-watchdog.ts';

export type PipelineWatchContext = LookContext & {
  /** For questions only: it gives up soon. */
  kafka: Kafka;
  topic: string;
  consumerGroup: string;
  partitionCount: number;
  /** undefined: this process mends nothing. */
  watchdog: Watchdog | undefined;
  log: Logger;
};

export type PipelineWatch = {
  latest(): PipelineSnapshot;
  /** Resolves when the process stops. */
  ended: Promise<void>;
};

export function startPipelineWatch(ctx: PipelineWatchContext): PipelineWatch {
  const memory = newMemory(performance.now());
  const tellChanges = changeTeller(ctx.log);
  let latest: PipelineSnapshot = { look: undefined, lag: 'not-asked-yet', checks: [] };
  const see = (look: Look | undefined, lag: LagSeen): void => {
    const { partitionCount } = ctx;
    const all = look !== undefined && lag !== 'not-asked-yet';
    const checks = all ? pipelineChecks({ look, memory, lag, partitionCount }) : [];
    latest = { look, lag, checks };
    tellMetrics(latest);
    const parked = look === undefined ? [] : [parkedCheck(look.parked)];
    tellStates(parked);
    tellChanges([...checks, ...parked]);
  };
  const looking = regularly(ctx, PIPELINE.lookEveryMs, async () => {
    const look = await lookAtPipeline(ctx, latest.lag);
    remember(look, memory);
    see(look, latest.lag);
    await ctx.watchdog?.mend(look);
  });
  const asking = regularly(ctx, PIPELINE.lagEveryMs, async () => {
    const ask: AskLag = (onConnected) =>
      readConsumerLag(ctx.kafka, ctx.consumerGroup, ctx.topic, onConnected);
    see(latest.look, await lagSeen(ask, PIPELINE.lagTimeoutMs, ctx.stopping));
  });
  return { latest: () => latest, ended: Promise.all([looking, asking]).then(() => undefined) };
}

/** At once, and then with pauses, until the process stops. */
async function regularly(
  { stopping, log }: PipelineWatchContext,
  everyMs: number,
  turn: () => Promise<void>,
): Promise<void> {
  while (!stopping.aborted) {
    try {
      await turn();
    } catch (error) {
      if (!stopping.aborted) log.warn('Could not look after the pipeline.', { err: error });
    }
    await sleep(everyMs, stopping).catch(() => undefined); // it stops
  }
}

function changeTeller(log: Logger): (checks: readonly Check[]) => void {
  const told = new Map<string, State>();
  return (checks) => {
    for (const { name, state, message, value, unit } of checks) {
      const before = told.get(name) ?? 'ok';
      told.set(name, state);
      if (state === before) continue;
      const data = { check: name, state, before, message, value, unit };
      if (state === 'ok') log.info('The pipeline: a check is ok again.', data);
      else log.warn('The pipeline: a check is not ok.', data);
    }
  };
}
