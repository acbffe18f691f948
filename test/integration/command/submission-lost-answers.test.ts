/**
 * A COMMIT of an opening or of a closing that is not answered, behind a proxy that cuts before the
 * server has seen it or after it has committed: either way the caller learns what is true.
 */
import type pg from 'pg';
import { ANYONE } from '#platform/caller.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createPool } from '#platform/postgres.ts';
import { EventBatch } from '#proto/bank/event/v1/event_batch.ts';
import { openClaim } from '../../../command-svc/submission-claims.ts';
import { closeSubmission } from '../../../command-svc/submission-close.ts';
import {
  startCuttingProxy,
  type CutMoment,
  type CuttingProxy,
} from '#test/support/cutting-proxy.ts';
import {
  key,
  LEAVE_OPEN,
  openSubmissionBench,
  upload,
  type SubmissionBench,
} from '#test/support/submission-bench.ts';

let bench: SubmissionBench;
let proxy: CuttingProxy;
let eventStore: pg.Pool;

beforeAll(async () => {
  bench = await openSubmissionBench();
  const url = new URL(bench.databases.eventStoreUrl('bank_command'));
  proxy = await startCuttingProxy({ host: url.hostname, port: Number(url.port) });
  url.hostname = proxy.host;
  url.port = String(proxy.port);
  eventStore = createPool({ url: url.href, applicationName: 'cut', maxConnections: 2 });
});

afterAll(async () => {
  await eventStore.end();
  await proxy.close();
  await bench.close();
});

async function closingsOf(submissionId: string): Promise<number> {
  const { rows } = await bench.databases.eventStore.query<{ payload: Buffer }>(
    `select payload from outbox where type = 'SubmissionClosed'`,
  );
  return rows.filter(
    ({ payload }) => EventBatch.decode(payload).submissionClosed?.submissionId === submissionId,
  ).length;
}

const MOMENTS: [CutMoment, string][] = [
  ['before the server has seen it', 'before'],
  ['after the server has committed', 'after'],
];

describe.each(MOMENTS)('a COMMIT cut %s', (moment, name) => {
  it('leaves an opening with one claim, its own', async () => {
    const { a, claimsOf, claimIdOf } = bench;
    const cut = proxy.arm({ text: 'commit', moment });
    const submission = key(`open-${name}`);
    const standing = await openClaim({ ...a.context, eventStore }, submission, 0, 10);
    await cut.done;
    if (standing.kind !== 'open') throw new Error('not open');
    expect(await claimIdOf(submission.submissionId)).toBe(standing.claim.claimId);
    expect(await claimsOf(submission.submissionId)).toBe(1);
  });

  it('closes once', async () => {
    const { a, deposits, submissionOf } = bench;
    const submission = key(`close-${name}`);
    const { submissionId } = submission;
    await upload(a, submissionId, { deposits: deposits(0, 5), options: LEAVE_OPEN });
    const cut = proxy.arm({ text: 'commit', moment });
    const request = { ...submission, endItemIndex: 5, traceparent: undefined, caller: ANYONE };
    await closeSubmission({ ...a.context, eventStore }, request);
    await cut.done;
    expect(await submissionOf(submissionId)).toMatchObject({ state: 2, totalItems: 5n });
    expect(await closingsOf(submissionId)).toBe(1);
  });
});
