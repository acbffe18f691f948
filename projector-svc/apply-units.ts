/**
 * Applies the events of several accounts in an open transaction, those that fit, and names the
 * others: all at once, and where that fails in halves, down to the single account. Each try stands
 * under a savepoint of its own. An error that says nothing of the events is thrown.
 */
import type pg from 'pg';
import { runPipeline } from '#platform/postgres-pipeline.ts';
import type { OutlinedRecord } from './acknowledgement-rows.ts';
import { eventRows } from './batch-rows.ts';
import { BATCH } from './config.ts';
import { faultOf } from './dead-letter.ts';
import type { Fault } from './dead-letter.ts';
import type { Refused } from './park-accounts.ts';
import type { TextKeys } from './text-keys.ts';
import { applyEvents } from './sql/project-records.ts';

/** One account's events in one record. */
export type Unit = { readonly accountId: string; readonly events: OutlinedRecord };

/** Answers the accounts of which nothing was applied. */
export async function applyUnits(
  client: pg.ClientBase,
  units: readonly Unit[],
  nowMs: number,
  texts: TextKeys,
): Promise<Refused[]> {
  const [first, another] = units;
  if (first === undefined) return [];
  const fault = await tryUnits(client, units, nowMs, texts);
  if (fault === undefined) return [];
  if (another === undefined) return [{ accountId: first.accountId, fault }];
  const half = units.length >> 1;
  return [
    ...(await applyUnits(client, units.slice(0, half), nowMs, texts)),
    ...(await applyUnits(client, units.slice(half), nowMs, texts)),
  ];
}

/** Why not all of it can be applied; then none of it is. */
async function tryUnits(
  client: pg.ClientBase,
  units: readonly Unit[],
  nowMs: number,
  texts: TextKeys,
): Promise<Fault | undefined> {
  await client.query('savepoint units');
  try {
    const events = units.map((unit) => unit.events);
    const { rows } = await texts.opened((opener) => eventRows(events, nowMs, opener));
    const projectedAt = new Date(nowMs).toISOString();
    await runPipeline(client, applyEvents([{ ...rows, projectedAt }]), BATCH.answerMs);
  } catch (error) {
    const fault = faultOf(error);
    if (fault === undefined) throw error;
    await client.query('rollback to savepoint units');
    await client.query('release savepoint units');
    return fault;
  }
  await client.query('release savepoint units');
  return undefined;
}
