/**
 * Rebuilds and the comparison beside parked accounts: a swap waits until they are retried, tokens
 * of acknowledgements from before it go on behind it, and what waits is no difference.
 */
import { randomUUID } from 'node:crypto';
import { credentials } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { followReconciliation } from '#client/reconciliation.ts';
import {
  ProjectorServiceClient,
  RebuildState,
  type ReconcileResponse,
} from '#proto/bank/v1/projector_service.ts';
import { until } from '#test/support/until.ts';
import type { LogRecord } from '../../../projector-svc/record-outline.ts';
import { indexesOf, readAcknowledgements } from './acknowledgement-client.ts';
import { lettersAt, repair, retryLetters, withUnknownType } from './dead-letter-fixture.ts';
import { accountIn, batch, closing, opening } from './parked-submission.ts';
import { openWorld, type Replica, type World } from './projector-fixture.ts';
import { faultOf, rebuildCalls, type RebuildCalls } from './rebuild-calls.ts';
import { storeEvents } from './stored-lives.ts';
import { submission } from './submission-fixture.ts';

const PARTITION = 3;
/** Without the time at which it was projected. */
const TOLD = `
  select tenant, submission_id, seq, retry_no, item_count, item_indexes, other_partitions,
         other_seqs, traceparent, stored_at
    from acknowledgements where partition = $1 order by seq, retry_no`;
const ALL = { $case: 'all', value: true } as const;

let world: World;
let replica: Replica;
let calls: RebuildCalls;
beforeEach(async () => {
  world = await openWorld();
  replica = await world.startReplica();
  calls = rebuildCalls(replica.address);
});
afterEach(async () => {
  calls.close();
  await world.close();
});

async function publish(records: readonly LogRecord[]): Promise<void> {
  await world.store(records);
  await storeEvents(world.databases, records);
  await world.send(records);
  for (const { partition, seq } of records) await world.applied(partition, seq);
}

/** Three accounts, and a deposit to each: opened, and then paid by the submission. */
function payment() {
  const id = `paid-${randomUUID()}`;
  const accounts = [0, 1, 2].map(() => accountIn(PARTITION));
  const opened = opening(world, PARTITION, accounts);
  const paid = batch(
    world,
    PARTITION,
    id,
    accounts.map((account, n) => [n, account] as const),
  );
  return { id, ids: accounts.map((account) => account.id), opened, paid };
}

/** An entry that nobody wrote is in the way of item 1, so that its account is parked. */
async function parkedSubmission() {
  const { id, ids, opened, paid } = payment();
  const [, accountId = ''] = ids;
  await publish([opened]);
  await query(
    `insert into entries (account_id, version, type, recorded_at, amount_minor,
       balance_after_minor, currency_code, reference) values ($1, 2, 2, now(), 0, 0, 'EUR', '')`,
    [accountId],
  );
  await publish([paid, closing(world, id, 3, [paid])]);
  const early = readAcknowledgements(replica.address, { submissionId: id });
  await until('two are told', () => early.messages.at(-1)?.progress?.projectedTotal === 2n);
  const token = early.messages.at(-1)?.resumeToken ?? '';
  early.close();
  await early.ended;
  expect(await lettersAt(replica.address, PARTITION)).toHaveLength(1);
  const retry = async (): Promise<void> => {
    await query('delete from entries where account_id = $1 and version = 2', [accountId]);
    expect(await retryLetters(replica.address, ALL)).toMatchObject({ applied: 1n, failed: 0n });
  };
  return { id, token, retry };
}

function query(text: string, values: unknown[] = []) {
  return world.databases.projectionStore.query(text, values);
}

async function expectTold(submissionId: string, resumeToken: string, items: number[]) {
  const { ended, messages } = readAcknowledgements(replica.address, { submissionId, resumeToken });
  expect((await ended).code).toBe(0);
  expect(indexesOf(messages)).toEqual(items);
  expect(messages.at(-1)?.progress).toMatchObject({ projectedTotal: 3n, complete: true });
}

/** How many numbers of retries were given. */
async function retryNo(): Promise<bigint> {
  const sql = 'select retry_no from projected_heads where partition = $1 and retry_no > 0';
  const { rows } = await query(sql, [PARTITION]);
  return z.object({ retry_no: z.bigint() }).parse(rows[0]).retry_no;
}

describe('a swap', () => {
  test('is refused while accounts are parked; behind their retry their tokens go on', async () => {
    const { id, token, retry } = await parkedSubmission();
    const { rebuildId } = await calls.caughtUp();
    expect(await faultOf(calls.swap(rebuildId, true))).toMatch(
      /^ACCOUNTS_PARKED 1 accounts are parked, and 1 dead letters/,
    );
    // In what the live rows stand in the way: balances are compared at a swap only.
    const { firstDifferences } = await calls.get();
    expect(firstDifferences.map(({ kind }) => kind)).toContain('VERSION_DIFFERS');
    await retry();
    const given = await retryNo();
    // What was compared before the retry differed.
    await calls.stop(rebuildId);
    expect(await calls.caughtUp()).toMatchObject({ rebuildId, differences: 0n });
    expect(await calls.swap(rebuildId)).toMatchObject({ differences: 0n });
    expect(await retryNo()).toEqual(given);
    await expectTold(id, token, [1]);
    await expectTold(id, '', [0, 1, 2]);
  });

  test('that replaces what was told keeps what retries told by their numbers', async () => {
    const { id, token, retry } = await parkedSubmission();
    await retry();
    const other = submission(world, { partitions: [2], batches: 3, itemsPerBatch: 3 });
    await publish(other.batches);
    const told = async (): Promise<unknown> => (await query(TOLD, [PARTITION])).rows;
    const before = await told();
    const given = await retryNo();
    await query('delete from acknowledgements where partition = 2 and seq = 2');
    const { rebuildId } = await calls.caughtUp();
    expect(await faultOf(calls.swap(rebuildId))).toMatch(/ACKNOWLEDGEMENT_DIFFERS/);
    await calls.swap(rebuildId, true);
    const { rows } = await query('select from acknowledgements where partition = 2');
    expect(rows).toHaveLength(3);
    expect(await told()).toEqual(before);
    expect(await retryNo()).toEqual(given);
    await expectTold(id, token, [1]);
    await expectTold(id, '', [0, 1, 2]);
  });
});

test('what waits is no finding, and a rebuild fails at it with its cause', async () => {
  const { ids, opened, paid } = payment();
  const broken = withUnknownType(paid, ids[1] ?? '');
  await publish([opened, broken]);
  expect(await lettersAt(replica.address, PARTITION)).toHaveLength(1);
  expect(await findings(ids)).toEqual([]);
  await calls.start();
  const failed = await calls.reaches(RebuildState.REBUILD_STATE_FAILED);
  expect(failed.message).toContain(`record ${paid.seq} of partition ${PARTITION}`);
  expect(failed.message).toContain('UNKNOWN_EVENT_TYPE: see ListDeadLetters');
  await repair(world, paid);
  await query('delete from entries where account_id = $1', [ids[0]]);
  expect((await findings(ids)).sort()).toEqual([
    `ENTRY_MISSING ${ids[0]}`,
    `ENTRY_MISSING ${ids[0]}`,
    `ENTRY_SUM_DIFFERS ${ids[0]}`,
  ]);
});

async function findings(accountIds: readonly string[]): Promise<string[]> {
  const client = new ProjectorServiceClient(replica.address, credentials.createInsecure());
  const retry = { attempts: 1, attemptsTotal: 1, firstMs: 1, maxMs: 1 };
  const signal = AbortSignal.timeout(30_000);
  const messages: ReconcileResponse[] = [];
  for await (const one of followReconciliation(client, { accountIds, signal, retry })) {
    messages.push(one);
  }
  client.close();
  return messages.flatMap(({ part }) =>
    part?.$case === 'finding' ? [`${part.value.kind} ${part.value.accountId}`] : [],
  );
}
