/**
 * Whoever may log in to the event store may put a message of his own into its log, by a function of
 * PostgreSQL that is everybody's. Debezium must pass it over: a message that it sent to a topic
 * which is not there would hold up all records behind it.
 */
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { EVENT_STORE } from '#deploy/local/stack.ts';
import { openAccounts, readFeed, sendDeposits } from '#test/support/bank-calls.ts';
import { waitForProjection } from '#test/support/check-projection.ts';
import { checkLedger, filledRecords } from '#test/support/ledger-check.ts';
import { openMesh, type Mesh } from '#test/support/mesh.ts';
import { makePayroll } from '#test/support/payroll.ts';
import { freshSeed, seededRandom } from '#test/support/random.ts';
import { databaseUrl } from '#test/support/stack-facts.ts';

describe("a role's own message in the event store's log", () => {
  let mesh: Mesh;
  const seed = freshSeed();
  beforeAll(async () => {
    mesh = await openMesh({ command: 1, projector: 1 });
  });
  afterAll(() => mesh.close());

  test.each([true, false])('holds up no record behind it (in a transaction: %s)', async (isIn) => {
    const { stores, stack, client } = mesh;
    const payroll = makePayroll(seededRandom(seed + Number(isIn)), { accounts: 20, items: 200 });
    await waitForProjection(stores);
    const filledBefore = await filledRecords(stores);
    const role = new pg.Client(databaseUrl(stack, 'bank_command', EVENT_STORE, stack.postgres));
    await role.connect();
    const { rowCount } = await role.query("select pg_logical_emit_message($1, 'x', 'y')", [isIn]);
    await role.end();
    expect(rowCount).toBe(1);
    await openAccounts(client, payroll);
    await sendDeposits(client, payroll);
    const feed = await readFeed(client, payroll.submissionId);
    const acknowledgements = new Map([[payroll.submissionId, feed]]);
    await checkLedger({ stores, seed, payrolls: [payroll], acknowledgements, filledBefore });
  });
});
