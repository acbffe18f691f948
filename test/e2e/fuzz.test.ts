/**
 * Generated messages (whole ones, values at the edges, broken bytes) against every method of the
 * three services, found by their descriptors: nothing that a caller sends makes a service say
 * INTERNAL or UNKNOWN, log an error, end, or keep something. BANK_FUZZ_MESSAGES: how many a method
 * (npm run test:fuzz).
 */
import type { DescMethod } from '@bufbuild/protobuf';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { residentBytes } from '#deploy/local/process-tree.ts';
import { loggedErrors } from '#test/support/logged-errors.ts';
import { CONTRACT_METHODS, SERVER_METHODS } from '#test/support/contract-methods.ts';
import { endLeases } from '#test/support/contract-ground.ts';
import { openAccounts, sendDeposits } from '#test/support/bank-calls.ts';
import { waitForProjection } from '#test/support/check-projection.ts';
import { dropRebuild } from '#test/support/differing-rebuild.ts';
import { openMesh, type Mesh } from '#test/support/mesh.ts';
import { makePayroll } from '#test/support/payroll.ts';
import { freshSeed, seededRandom } from '#test/support/random.ts';
import { LOCK_CLASS } from '../../projector-svc/session-locks.ts';
import { fuzzMethod } from '../fuzz/fuzz-methods.ts';
import type { Ground } from '../fuzz/message-bytes.ts';

const MESSAGES = Number(process.env['BANK_FUZZ_MESSAGES'] ?? 200);
const IDS = 6;
const MESSAGE_MS = 60;
const RSS_MAX_BYTES = 420 * 1024 * 1024;

const SERVICES = ['command', 'query', 'projector'] as const;
type Case = { name: string; method: DescMethod; service: (typeof SERVICES)[number] };

const CASES: Case[] = [
  ...CONTRACT_METHODS.map((method) => caseOf(method, serviceOf(method))),
  ...SERVER_METHODS.flatMap((method) => SERVICES.map((service) => caseOf(method, service))),
];

function caseOf(method: DescMethod, service: Case['service']): Case {
  return { name: `${service}-svc: ${method.parent.typeName}.${method.name}`, method, service };
}

function serviceOf({ parent }: DescMethod): Case['service'] {
  if (parent.name === 'AccountQueryService') return 'query';
  return parent.name === 'ProjectorService' ? 'projector' : 'command';
}

describe('generated messages', () => {
  let mesh: Mesh;
  let ground: Ground;
  let pids: (number | undefined)[];
  const seed = freshSeed();
  const random = seededRandom(seed);
  beforeAll(async () => {
    mesh = await openMesh({ command: 1, query: 1, projector: 1 });
    const payroll = makePayroll(random, { accounts: IDS, items: 50 });
    await openAccounts(mesh.client, payroll);
    await sendDeposits(mesh.client, payroll);
    const accountIds = payroll.accounts.map(({ accountId }) => accountId);
    const ids = (): string[] => Array.from({ length: IDS }, () => random.uuid());
    const submissionIds = [payroll.submissionId, ...ids().map((id) => `fuzz-${id}`)];
    ground = { accountIds, submissionIds, operationIds: ids(), tokens: [] };
    pids = SERVICES.map((service) => mesh.replica(`${service}-1`).pid);
  });
  afterAll(async () => {
    await endLeases(mesh.client);
    await mesh.close();
  });

  test.each(CASES)('$name', { timeout: 60_000 + MESSAGES * MESSAGE_MS }, async (one) => {
    const { method, service } = one;
    const address = mesh.addresses[service][0] ?? '';
    const report = await fuzzMethod(address, method, { messages: MESSAGES, seed, ground });
    if (MESSAGES > 200) process.stdout.write(`${one.name} ${JSON.stringify(report.codes)}\n`);
    expect(report.findings, `seed ${seed}`).toEqual([]);
    expect(report.calls).toBe(MESSAGES);
  });

  test('leave nothing behind', async () => {
    await waitForProjection(mesh.stores);
    await dropRebuild(mesh);
    expect(await ofRebuilds(mesh), 'tables and locks of rebuilds').toEqual([]);
    for (const [place, service] of SERVICES.entries()) {
      const part = mesh.replica(`${service}-1`);
      expect(part.pid, `${service} has been the same process all along`).toBe(pids[place]);
      const errors = loggedErrors([part.logFile]).slice(0, 3);
      expect(errors, `errors in the log of ${service}`).toEqual([]);
      const bytes = part.pid === undefined ? 0 : residentBytes(part.pid);
      process.stdout.write(`${service}: ${Math.round(bytes / 1024 / 1024)} MB\n`);
      expect(bytes, `RSS of ${service}`).toBeLessThan(RSS_MAX_BYTES);
    }
    const payroll = makePayroll(random, { accounts: 3, items: 30 });
    await openAccounts(mesh.client, payroll);
    expect((await sendDeposits(mesh.client, payroll)).accepted).toBe(30n);
  });
});

/** What a rebuild that was dropped must not hold any more. */
async function ofRebuilds({ stores }: Mesh): Promise<string[]> {
  const { rows } = await stores.projectionStore.query<{ what: string }>(
    `select schemaname || '.' || tablename as what from pg_tables
      where schemaname in ('rebuild', 'previous')
      union all
     select 'rebuild ' || state from rebuilds where state <> 'dropped'
      union all
     select 'advisory lock ' || objid from pg_locks
      where locktype = 'advisory' and classid = $1::bigint::oid
        and database = (select oid from pg_database where datname = current_database())`,
    [LOCK_CLASS.rebuild],
  );
  return rows.map(({ what }) => what);
}
