/**
 * What is audited after it was done (leases, retries, rebuilds), by the role that does it: a row
 * for what was done and for what was refused, and a store that is away undoes nothing.
 */
import { Metadata, status } from '@grpc/grpc-js';
import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readAudit, type AuditedRow } from '#deploy/ops/read-audit.ts';
import { audited } from '#platform/audit.ts';
import { ANYONE } from '#platform/caller.ts';
import { refusal } from '#platform/grpc-errors.ts';
import { silentLogger } from '#platform/logger.ts';
import { createPool } from '#platform/postgres.ts';
import type { CallContext } from '#platform/unary.ts';
import { openDatabases, type Databases } from '#test/support/databases.ts';

const LONG = 'x'.repeat(1_000);
const DETAIL_MAX = 200;

let databases: Databases;
let projector: pg.Pool;
let owner: pg.Client;

beforeAll(async () => {
  databases = await openDatabases();
  const url = databases.projectionStoreUrl('bank_projector');
  projector = createPool({ url, applicationName: 'audit', maxConnections: 1 });
  owner = new pg.Client(databases.projectionStoreUrl('postgres'));
  await owner.connect();
});

afterAll(async () => {
  await Promise.all([projector.end(), owner.end()]);
  await databases.close();
});

const CALL: CallContext = {
  signal: new AbortController().signal,
  deadlineAtMs: undefined,
  metadata: new Metadata(),
  traceparent: undefined,
  caller: { ...ANYONE, tenant: 'north', subject: 'ops', peer: '10.0.0.9:1' },
};

const rows = (): Promise<AuditedRow[]> =>
  readAudit(
    owner,
    { since: new Date(0), until: new Date('2999-01-01'), limit: 9 },
    'projection store',
  );

it('tells what was done and what was refused, by whom', async () => {
  const refused = refusal(status.FAILED_PRECONDITION, 'REBUILD_NOT_CAUGHT_UP', 'not yet');
  const swap = audited({ db: projector, log: silentLogger }, 'SwapRebuild', String, (id: string) =>
    id === 'done' ? Promise.resolve(id) : Promise.reject(id === 'broken' ? new Error(id) : refused),
  );
  expect(await swap('done', CALL)).toBe('done');
  await expect(swap(LONG, CALL)).rejects.toBe(refused);
  await expect(swap('broken', CALL)).rejects.toThrow('broken');
  const found = await rows();
  expect(found.map(({ result, detail }) => [result, detail])).toEqual([
    ['OK', 'done'],
    ['FAILED_PRECONDITION REBUILD_NOT_CAUGHT_UP', LONG.slice(0, DETAIL_MAX)],
    ['INTERNAL', 'broken'],
  ]);
  for (const row of found) {
    expect(row).toMatchObject({ tenant: 'north', subject: 'ops', actions: ['SwapRebuild'] });
  }
});

it('undoes nothing when the row cannot be written', async () => {
  const gone = createPool({
    url: 'postgres://nobody@127.0.0.1:1/none',
    applicationName: 'gone',
    maxConnections: 1,
  });
  const drop = audited({ db: gone, log: silentLogger }, 'DropRebuild', String, (id: string) =>
    Promise.resolve(id),
  );
  expect(await drop('dropped', CALL)).toBe('dropped');
  await gone.end();
});
