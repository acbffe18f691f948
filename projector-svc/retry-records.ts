/**
 * One transaction of a retry: applies the events of the accounts that wait for a dead letter,
 * record by record in the order of the log, under the heads' locks. An account whose next event
 * cannot be applied either waits on, behind the letter of that record; the others of the letter go
 * on. What is committed stays: a retry that breaks off goes on behind it.
 */
import type pg from 'pg';
import { pausePoint } from '#platform/pause-points.ts';
import { withTransaction } from '#platform/postgres.ts';
import { runPipeline } from '#platform/postgres-pipeline.ts';
import { applyUnits } from './apply-units.ts';
import { HeadMoved } from './commit-rows.ts';
import { BATCH } from './config.ts';
import { openRow, unitsOf } from './open-row.ts';
import type { OpenedRow } from './open-row.ts';
import { parkAgain } from './park-accounts.ts';
import type { Parking, Refused } from './park-accounts.ts';
import { keepWaiting } from './sql/keep-waiting.ts';
import type { LetterToRetry } from './sql/letters-to-retry.ts';
import type { LogRow } from './sql/read-log-row.ts';
import type { RetryPlan } from './sql/read-retry-plan.ts';
import {
  accountsWaitingAt,
  letGo,
  markRead,
  passRecord,
  releaseAccounts,
} from './sql/release-accounts.ts';
import { keepRetryNos, lockHeads, nextRetryNo, partitionsOfItems } from './sql/retried-heads.ts';
import type { RetriedHeads } from './sql/retried-heads.ts';
import type { TextKeys } from './text-keys.ts';
import { tellItems, tellRecord } from './tell-retried.ts';
import { waitingOf } from './waiting-events.ts';
import type { WaitingContext } from './waiting-items.ts';

export type RetryContext = WaitingContext & {
  readonly projecting: pg.Pool;
  readonly reading: pg.Pool;
  readonly texts: TextKeys;
};

export type RetriedRecords = {
  /** Accounts that flow again. */
  readonly released: readonly string[];
  /** Accounts that wait on, and for what. */
  readonly parkings: readonly Parking[];
  /** Nobody waits for the letter any more. */
  readonly isGone: boolean;
};

/** rows: those of the plan. Throws HeadMoved when another retry was faster. */
export async function retryRecords(
  ctx: RetryContext,
  letter: LetterToRetry,
  plan: RetryPlan,
  rows: readonly LogRow[],
): Promise<RetriedRecords> {
  const accounts = [...new Set([...plan.waiting.values()].flat())];
  const seqs = rows.map(({ seq }) => seq);
  const opened = rows.map((row) => ({ row, content: openRow(row) }));
  const ofItems = await partitionsOfItems(ctx.reading, accounts, seqs);
  const partitions = new Set([letter.partition, ...ofItems]);
  return withTransaction(ctx.projecting, async (client) => {
    const heads = await lockHeads(client, [...partitions]);
    await ctx.texts.refresh(); // no erasure passes the heads before the end of this transaction
    if (heads.get(letter.partition)?.retryNo !== plan.retryNo) {
      throw new HeadMoved(`another retry of partition ${letter.partition} was faster`);
    }
    nextRetryNo(heads, letter.partition); // whoever has read the parked accounts reads them again
    const { isUnread } = plan;
    const run = { ctx, client, letter, isUnread, heads, nowMs: Date.now() };
    const parkings: Parking[] = [];
    for (const { row, content } of opened) {
      const waitOn = new Set(parkings.flatMap(({ accountIds }) => accountIds));
      const here = (plan.waiting.get(row.seq) ?? []).filter((one) => !waitOn.has(one));
      parkings.push(...(await retryRecord(run, row, content, here)));
    }
    const released = await releaseAccounts(client, letter.deadLetterId);
    await keepRetryNos(client, heads);
    const isGone = await letGo(client, letter.deadLetterId);
    const pause = pausePoint('retry.before-commit');
    if (pause !== undefined) await pause;
    return { released, parkings, isGone };
  });
}

type Run = {
  readonly ctx: RetryContext;
  readonly client: pg.ClientBase;
  readonly letter: LetterToRetry;
  readonly isUnread: boolean;
  readonly heads: RetriedHeads;
  readonly nowMs: number;
};

async function retryRecord(
  run: Run,
  row: LogRow,
  content: ReturnType<typeof openRow>,
  accountIds: readonly string[],
): Promise<Parking[]> {
  const { client, letter, heads, nowMs } = run;
  if ('fault' in content) {
    const { fault } = content;
    return parkAgain(
      client,
      row,
      accountIds.map((accountId) => ({ accountId, fault })),
    );
  }
  const wanted = new Set(accountIds);
  const units = unitsOf(content, (accountId) => wanted.has(accountId));
  const refused: Refused[] = await applyUnits(client, units, nowMs, run.ctx.texts);
  const waitOn = new Set(refused.map(({ accountId }) => accountId));
  const applied = accountIds.filter((accountId) => !waitOn.has(accountId));
  await tellItems(client, applied, row.seq, heads, nowMs);
  await passRecord(client, applied, row.seq);
  const parkings = await parkAgain(client, row, refused);
  if (run.isUnread && row.seq === letter.seq) await readRecord(run, content);
  return parkings;
}

/** A record of which nothing could be read: what it says beside its events, and who waits in it. */
async function readRecord(run: Run, content: OpenedRow): Promise<void> {
  const { ctx, client, letter, heads, nowMs } = run;
  await tellRecord(client, content, heads, nowMs);
  const waiting = await accountsWaitingAt(client, letter.partition, letter.seq);
  const rows = await waitingOf(ctx, content, waiting);
  await runPipeline(client, [keepWaiting(rows)], BATCH.answerMs);
  await markRead(client, letter.deadLetterId);
}
