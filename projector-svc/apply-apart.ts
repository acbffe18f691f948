/**
 * Applies the event store's row of one position, account by account where it must: what fits is
 * applied, accounts with an event that does not are parked behind a dead letter, and the head moves
 * on, all in one transaction. A row that cannot be read at all parks every account that it names.
 * Only by this step is an account parked.
 */
import type pg from 'pg';
import { pausePoint } from '#platform/pause-points.ts';
import { sqlStateOf, withTransaction } from '#platform/postgres.ts';
import { runPipeline } from '#platform/postgres-pipeline.ts';
import { backendOf, watchingBlockers } from '#platform/stopped-owner.ts';
import { counter } from '#platform/telemetry.ts';
import { acknowledgementRows, closedRows } from './acknowledgement-rows.ts';
import { applyUnits } from './apply-units.ts';
import { HeadMoved } from './commit-rows.ts';
import { BATCH, STOPPED_OWNER } from './config.ts';
import { lettersKept } from './dead-letter.ts';
import type { Fault } from './dead-letter.ts';
import { openRow, unitsOf } from './open-row.ts';
import type { OpenedRow } from './open-row.ts';
import { parkAccounts, parkUnread } from './park-accounts.ts';
import type { Parking } from './park-accounts.ts';
import type { ProjectContext, ProjectedHead } from './project-batch.ts';
import { EVERYONE } from './projected-notices.ts';
import { keepWaiting } from './sql/keep-waiting.ts';
import { HEAD_MOVED, moveHead, tellSubmissions } from './sql/project-records.ts';
import type { LogRow } from './sql/read-log-row.ts';
import { waitingOf } from './waiting-events.ts';

const accountsParked = counter(
  'bank.projector.parked_accounts',
  'Accounts parked, ever.',
  '{account}',
  ['cause'],
);

/** Answers the new head. */
export async function applyApart(
  ctx: ProjectContext,
  head: ProjectedHead,
  row: LogRow,
): Promise<ProjectedHead> {
  const opened = openRow(row);
  const nowMs = Date.now();
  const parkings = await withTransaction(ctx.projecting, async (client) => {
    const eventCount = 'fault' in opened ? 0 : opened.outline.eventRanges.length / 2;
    await move(ctx, client, head, row, { nowMs, eventCount });
    const parked =
      'fault' in opened
        ? await parkAll(client, row, opened.fault)
        : await applyAccounts(ctx, client, head, opened, nowMs);
    const pause = pausePoint('apart.before-commit');
    if (pause !== undefined) await pause;
    return parked;
  });
  ctx.announce({ submissions: EVERYONE, accounts: EVERYONE });
  tell(ctx, row, parkings);
  const parked = new Set([...head.parked, ...parkings.flatMap(({ accountIds }) => accountIds)]);
  const { seq, batchId } = row;
  return { ...head, seq, batchId, parked };
}

async function move(
  ctx: ProjectContext,
  client: pg.PoolClient,
  head: ProjectedHead,
  { partition, seq, batchId, offset }: LogRow,
  { nowMs, eventCount }: { readonly nowMs: number; readonly eventCount: number },
): Promise<void> {
  const projectedAt = new Date(nowMs).toISOString();
  const { erasureNo } = ctx.texts;
  const to = {
    partition,
    expected: head,
    newSeq: seq,
    newBatchId: batchId,
    projectedAt,
    erasureNo,
  };
  const step = moveHead({ ...to, eventCount, filledRecords: offset === undefined ? 1 : 0 });
  const backend = await backendOf(client);
  try {
    await watchingBlockers(ctx.reading, backend, STOPPED_OWNER, ctx.log, () =>
      runPipeline(client, [step], BATCH.answerMs),
    );
  } catch (cause) {
    if (sqlStateOf(cause) !== HEAD_MOVED) throw cause;
    throw new HeadMoved(`partition ${partition} is not at ${head.seq}`, { cause });
  }
}

/** Where its events stand is not known, nor which items they are of: the event store tells. */
async function parkAll(client: pg.ClientBase, row: LogRow, fault: Fault): Promise<Parking[]> {
  const parking = await parkUnread(client, row, fault);
  const records = row.accountIds.map((accountId) => ({ accountId, seq: row.seq }));
  await runPipeline(client, [keepWaiting({ records, items: [] })], BATCH.answerMs);
  return [parking];
}

async function applyAccounts(
  ctx: ProjectContext,
  client: pg.ClientBase,
  head: ProjectedHead,
  opened: OpenedRow,
  nowMs: number,
): Promise<Parking[]> {
  const units = unitsOf(opened, (accountId) => !head.parked.has(accountId));
  const refused = await applyUnits(client, units, nowMs, ctx.texts);
  const parkings = await parkAccounts(client, opened.record, refused);
  const parked = new Set([...head.parked, ...refused.map(({ accountId }) => accountId)]);
  const waiting = await waitingOf(ctx, opened, parked);
  const told = {
    acknowledgements: acknowledgementRows([opened], BigInt(nowMs) * 1000n),
    closedSubmissions: closedRows([opened]),
  };
  await runPipeline(client, [keepWaiting(waiting), ...tellSubmissions([told])], BATCH.answerMs);
  return parkings;
}

function tell({ log }: ProjectContext, row: LogRow, parkings: readonly Parking[]): void {
  const { partition, seq } = row;
  for (const { letter, accountIds } of parkings) {
    const { deadLetterId, cause, message } = letter;
    lettersKept.add(1, { cause, source: letter.source });
    accountsParked.add(accountIds.length, { cause });
    log.error('ALARM: accounts are parked: events of theirs cannot be applied.', {
      partition,
      seq,
      deadLetterId,
      cause,
      message,
      accounts: accountIds.length,
      first: accountIds[0],
    });
  }
}
