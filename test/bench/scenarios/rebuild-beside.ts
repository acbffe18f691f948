/**
 * A rebuild of five million events while a bulk stream runs as fast as it can: the stream's rate
 * beside it against its rate before, and the rebuild's own. It is compared, swapped in under the
 * stream, and the stream is then reconciled in the new tables.
 */
import { unaryCall } from '#client/unary-call.ts';
import { grouped } from '#deploy/demo/progress-bar.ts';
import { sleep } from '#platform/waiting.ts';
import { uniformly } from '../account-ids.ts';
import { requireEqual } from '../check-failed.ts';
import { readLedger } from '../ledger-facts.ts';
import { depositMessages, repeated, type LoadMessage } from '../load-messages.ts';
import { rateBetween, type Mark } from '../progress-marks.ts';
import { compared, filled, startRebuild } from '../rebuild-run.ts';
import type { Scenario, ScenarioContext } from '../scenario.ts';
import { perSecond } from '../statistics.ts';

const SEED = 11;
const MESSAGES_MAX = 150;

export const rebuildBeside: Scenario = {
  name: 'rebuild beside a stream',
  ownMesh: true,
  figures: ['rebuild_beside'],
  run: async (context) => {
    const { plan, measured, accounts, samples } = context;
    const items = Math.min(plan.growthAt, MESSAGES_MAX * plan.messageItems);
    const messages = depositMessages(uniformly(accounts, SEED), items, plan.messageItems);
    await measured.bulk('stored-before', repeated(messages, plan.growthAt));
    const marks: Mark[] = [{ items: 0, atMs: 0 }];
    const ended = new AbortController();
    const streaming = measured.bulk('beside', endless(messages, ended.signal), {
      onAcknowledged: (total, atMs) => marks.push({ items: total, atMs }),
    });
    streaming.catch(() => undefined); // awaited below
    try {
      await sleep(plan.besideAloneMs, measured.bank.signal);
      const begun = marks.at(-1)?.items ?? 0;
      await rebuildBesideIt(context);
      const atEnd = marks.at(-1)?.items ?? 0;
      const alone = rateBetween(marks, begun / 2, begun); // its second half: queues are full
      const beside = rateBetween(marks, begun, atEnd);
      context.say(`the stream: ${Math.round(alone)}/s alone, ${Math.round(beside)}/s beside it`);
      samples.add('rebuild_beside.stream_over_alone', beside / alone);
    } finally {
      ended.abort();
    }
    await streaming;
  },
};

async function rebuildBesideIt({ measured, samples, say }: ScenarioContext): Promise<void> {
  const { client, stores } = measured.bank;
  const { projector } = client;
  const { events } = await readLedger(stores);
  const startedMs = performance.now();
  const seconds = (): string => `${((performance.now() - startedMs) / 1000).toFixed(1)} s`;
  const rebuildId = await startRebuild(projector);
  await filled(measured, events);
  samples.add(
    'rebuild_beside.events_per_s',
    perSecond(Number(events), performance.now() - startedMs),
  );
  say(`the ${grouped(events)} events that were there at its start: ${seconds()}`);
  const differences = await compared(measured);
  say(`level with the stream and compared: ${seconds()}, ${differences} rows differ`);
  requireEqual('rows that differ', differences, 0n);
  await unaryCall(projector.swapRebuild.bind(projector), { rebuildId, acceptDifferences: false });
  say(`swapped in: ${seconds()}`);
}

function* endless(
  messages: readonly LoadMessage[],
  signal: AbortSignal,
): Generator<LoadMessage, void, void> {
  for (const message of repeated(messages, Number.MAX_SAFE_INTEGER)) {
    if (signal.aborted) return;
    yield message;
  }
}
