/**
 * The function append_batch by itself: when the head has moved since the decision, which rows
 * behind it let the append stand and which do not. What a replica does about a refusal is tested
 * where it does it.
 */
import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sqlStateOf } from '#platform/postgres.ts';
import { openDatabases, type Databases } from '#test/support/databases.ts';

const HEAD_MOVED = 'BK001';
const CLAIM_GONE = 'BK002';
const BATCH = '00000000-0000-4000-8000-00000000000';
const ACCOUNT = '00000000-0000-4000-9000-00000000000';

type Append = {
  partition: number;
  known: bigint;
  knownBatchId?: string;
  batchId: string;
  accounts?: string[];
  refusedOnly?: string[];
  claims?: { t: string; s: string; c: string }[];
};

describe('append_batch', () => {
  let databases: Databases;
  let pool: pg.Pool;
  beforeAll(async () => {
    databases = await openDatabases();
    pool = databases.eventStore;
  });
  afterAll(() => databases.close());

  async function append({
    partition,
    known,
    knownBatchId,
    batchId,
    accounts = [],
    refusedOnly = [],
    claims = [],
  }: Append): Promise<bigint> {
    const claimIds = claims.map(({ c }) => c);
    const { rows } = await pool.query<{ seq: bigint }>(
      `select append_batch($1, null, $2, $3, $4, $5::uuid[], $6::uuid[], $7::jsonb, null,
                           now(), $8::uuid[], ''::bytea, null, null) as seq`,
      [
        partition,
        known,
        knownBatchId ?? null,
        batchId,
        refusedOnly,
        claimIds,
        JSON.stringify(claims),
        accounts,
      ],
    );
    return rows[0]?.seq ?? 0n;
  }
  const stateOf = (call: Promise<unknown>) =>
    call.then(
      () => 'stands',
      (error: unknown) => sqlStateOf(error),
    );

  test('takes the next position, whoever took those before', async () => {
    expect(await append({ partition: 0, known: 0n, batchId: `${BATCH}1` })).toBe(1n);
    expect(await append({ partition: 0, known: 0n, batchId: `${BATCH}2` })).toBe(2n);
  });

  test('refuses a batch that stands in the log already', async () => {
    const batch = { partition: 1, known: 0n, batchId: `${BATCH}1` };
    await append(batch);
    expect(await stateOf(append(batch))).toBe(HEAD_MOVED);
    await append({ partition: 1, known: 1n, batchId: `${BATCH}2` });
    expect(await stateOf(append(batch))).toBe(HEAD_MOVED);
  });

  test('refuses refusals for an account that was written since', async () => {
    await append({ partition: 2, known: 0n, batchId: `${BATCH}1`, accounts: [`${ACCOUNT}1`] });
    const refusal = { partition: 2, known: 0n, batchId: `${BATCH}2` };
    expect(await stateOf(append({ ...refusal, refusedOnly: [`${ACCOUNT}1`] }))).toBe(HEAD_MOVED);
    expect(await stateOf(append({ ...refusal, refusedOnly: [`${ACCOUNT}2`] }))).toBe('stands');
  });

  test('refuses a decision on another history, and names the batch before it', async () => {
    const [first, second, third] = [1, 2, 3].map((n) => `${BATCH}${n}`);
    const next = { partition: 5, known: 1n, batchId: third ?? '' };
    await append({ partition: 5, known: 0n, batchId: first ?? '' });
    expect(await stateOf(append({ ...next, knownBatchId: `${BATCH}9` }))).toBe(HEAD_MOVED);
    await append({ partition: 5, known: 1n, batchId: second ?? '', knownBatchId: first ?? '' });
    expect(await stateOf(append({ ...next, knownBatchId: `${BATCH}9` }))).toBe(HEAD_MOVED);
    expect(await append({ ...next, knownBatchId: first ?? '' })).toBe(3n);
    const { rows } = await pool.query<{ previous: string | null }>(
      'select previous_batch_id as previous from outbox where partition = 5 order by seq',
    );
    expect(rows.map(({ previous }) => previous)).toEqual([null, first, second]);
  });

  test('refuses a decision from ahead of the log', async () => {
    expect(await stateOf(append({ partition: 3, known: 5n, batchId: `${BATCH}1` }))).toBe(
      HEAD_MOVED,
    );
  });

  test('refuses a decision so old that the rows behind it are archived', async () => {
    await append({ partition: 6, known: 0n, batchId: `${BATCH}1` });
    await append({ partition: 6, known: 1n, batchId: `${BATCH}2` });
    await pool.query('delete from outbox where partition = 6 and seq = 1');
    const old = { partition: 6, batchId: `${BATCH}3` };
    expect(await stateOf(append({ ...old, known: 0n }))).toBe(HEAD_MOVED);
    expect(await stateOf(append({ ...old, known: 1n }))).toBe('stands');
    await pool.query('delete from outbox where partition = 6'); // and its head, as if never there
    await pool.query('update partition_heads set seq = 0 where partition = 6');
  });

  test('refuses a batch with a claim that is gone', async () => {
    await pool.query(`insert into submission_claims values ('', 'here', $1, 0, 10)`, [`${BATCH}8`]);
    const claims = [{ t: '', s: 'here', c: `${BATCH}8` }];
    const batch = { partition: 4, known: 0n, batchId: `${BATCH}1` };
    const gone = [...claims, { t: '', s: 'gone', c: `${BATCH}9` }];
    expect(await stateOf(append({ ...batch, claims: gone }))).toBe(CLAIM_GONE);
    expect(await stateOf(append({ ...batch, claims }))).toBe('stands');
  });

  test('leaves nothing behind when it refuses', async () => {
    const { rows } = await pool.query(
      `select h.partition from partition_heads h left join outbox o using (partition)
        group by h.partition, h.seq having h.seq <> count(o.seq)`,
    );
    expect(rows).toEqual([]);
  });
});
