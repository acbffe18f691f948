/**
 * Accounts through the whole mesh: a life with every command of one account, read back by the query
 * service and reconciled; holds that expire, once, whichever of two replicas is faster; a request
 * that is sent 500 times at once to both, and is executed once.
 */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { unaryCall } from '#client/unary-call.ts';
import { timestampFromMicros } from '#platform/timestamps.ts';
import { EntryType } from '#proto/bank/v1/entry_type.ts';
import { checkAccounts } from '#test/support/account-check.ts';
import { EUR, on, request, send, type CommandCase } from '#test/support/command-calls.ts';
import { openMesh, type Mesh } from '#test/support/mesh.ts';
import { readEvents } from '#test/support/stored-rows.ts';
import { until } from '#test/support/until.ts';

const IDENTICAL = 500;
const EXPIRING = 40;

describe('an account', () => {
  let mesh: Mesh;
  beforeAll(async () => {
    mesh = await openMesh({ command: 2, query: 1, projector: 1 });
  });
  afterAll(() => mesh.close());

  const commands = () => ({ commands: mesh.client.accounts });
  const replicas = () =>
    [
      { commands: mesh.clientOf('command-1').accounts },
      { commands: mesh.clientOf('command-2').accounts },
    ] as const;

  async function opened(...more: CommandCase[]): Promise<string> {
    const accountId = randomUUID();
    await send(commands(), request('openAccount', { accountId, currencyCode: 'EUR' }));
    for (const command of more) await send(commands(), on(accountId, command));
    return accountId;
  }

  async function account(accountId: string, minVersion = 0n) {
    const { queries } = mesh.client;
    const get = queries.getAccount.bind(queries);
    const { account: found } = await unaryCall(get, { accountId, minVersion });
    if (found === undefined) throw new Error('an answer without an account');
    return found;
  }

  test('lives through every command, and all stores agree', async () => {
    const [holdId, operationId] = [randomUUID(), randomUUID()];
    const reason = 'a test';
    const accountId = await opened(
      { $case: 'setOverdraftLimit', overdraftLimit: EUR(100n) },
      { $case: 'deposit', amount: EUR(1_000n), operationId },
      { $case: 'placeHold', amount: EUR(400n), holdId },
      { $case: 'withdraw', amount: EUR(650n) },
      { $case: 'captureHold', holdId, amount: EUR(150n) },
      { $case: 'captureHold', holdId, amount: EUR(100n), releaseRest: true },
      { $case: 'placeHold', amount: EUR(50n), holdId: operationId },
      { $case: 'releaseHold', holdId: operationId },
      { $case: 'freezeAccount', debits: true, credits: true, reason },
      { $case: 'unfreezeAccount', reason },
      { $case: 'deposit', amount: EUR(900n) },
      { $case: 'reverseOperation', reversedOperationId: operationId, reason },
      { $case: 'closeAccount', reason },
    );
    const found = await account(accountId, 14n);
    expect(found).toMatchObject({ asOfVersion: 14n, balance: EUR(0n), held: EUR(0n), status: 2 });
    const types = (await readEvents(mesh.stores, [accountId])).map(({ type }) => type);
    expect(types).toEqual([1, 11, 2, 6, 3, 7, 7, 6, 8, 12, 13, 2, 10, 14]);
    await checkAccounts(mesh.stores, [accountId]);
    const { rows } = await mesh.stores.projectionStore.query(
      `select version, hold_id, reversed_version from entry_links where account_id = $1
        order by version`,
      [accountId],
    );
    const ofHold = (version: bigint, id: string) => {
      return { version, hold_id: id, reversed_version: null };
    };
    expect(rows).toEqual([
      ...[4n, 6n, 7n].map((version) => ofHold(version, holdId)),
      ...[8n, 9n].map((version) => ofHold(version, operationId)),
      { version: 13n, hold_id: null, reversed_version: 3n },
    ]);
  });

  test('shows what an expired hold frees at once, though its end is not written', async () => {
    const far = Date.now() + 600_000;
    const accountId = await opened({ $case: 'deposit', amount: EUR(100n) });
    const expiresAt = timestampFromMicros(BigInt(far) * 1000n);
    await send(commands(), on(accountId, { $case: 'placeHold', amount: EUR(30n), expiresAt }));
    const open = await account(accountId, 3n);
    expect(open).toMatchObject({ available: EUR(70n), held: EUR(30n), balance: EUR(100n) });
    const setExpiry = (to: Date) =>
      mesh.stores.projectionStore.query(
        'update open_holds set expires_at = $2 where account_id = $1',
        [accountId, to],
      );
    await setExpiry(new Date(Date.now() - 1_000));
    const passed = await until('the cached account is read anew', async () => {
      const seen = await account(accountId, 3n);
      return seen.held?.minorUnits === 0n && seen;
    });
    expect(passed).toMatchObject({ available: EUR(100n), asOfVersion: 3n });
    await setExpiry(new Date(far)); // as the log has it
  });

  test('has its holds expired, each by one event, whichever replica is faster', async () => {
    const accounts = await Promise.all(
      Array.from({ length: EXPIRING }, () => opened({ $case: 'deposit', amount: EUR(100n) })),
    );
    const expiresAt = timestampFromMicros(BigInt(Date.now() + 1_500) * 1000n);
    const hold = { $case: 'placeHold', amount: EUR(100n), expiresAt } as const;
    await Promise.all(accounts.map((id) => send(commands(), on(id, hold))));
    // Some by the first decision that needs the money, the others by the workers.
    const early = accounts.slice(0, EXPIRING / 4);
    const [one, two] = replicas();
    await Promise.all(
      early.map((id, n) =>
        until('the money is free', () =>
          send(n % 2 === 0 ? one : two, on(id, { $case: 'withdraw', amount: EUR(1n) }))
            .then(() => true)
            .catch(() => false),
        ),
      ),
    );
    await until('all holds have ended', async () => {
      const { rows } = await mesh.stores.eventStore.query(
        'select 1 from open_holds where account_id = any($1::uuid[])',
        [accounts],
      );
      return rows.length === 0;
    });
    const events = await readEvents(mesh.stores, accounts);
    const expired = events.filter(({ type }) => type === EntryType.ENTRY_TYPE_HOLD_EXPIRED);
    expect(expired).toHaveLength(EXPIRING);
    expect(new Set(expired.map((event) => event.account_id)).size).toBe(EXPIRING);
    await checkAccounts(mesh.stores, accounts);
  });

  test(`asked ${IDENTICAL} times at once for the same executes it once`, async () => {
    const accountId = await opened({ $case: 'deposit', amount: EUR(1_000n) });
    const withdraw = on(accountId, {
      $case: 'withdraw',
      amount: EUR(3n),
      operationId: randomUUID(),
      reference: 'once',
    });
    const [one, two] = replicas();
    const answers = await Promise.all(
      Array.from({ length: IDENTICAL }, (_, n) => send(n % 2 === 0 ? one : two, withdraw)),
    );
    const receipts = answers.map(({ receipt }) => receipt);
    expect(receipts.filter((receipt) => receipt?.replayed === false)).toHaveLength(1);
    expect(receipts.filter((receipt) => receipt?.replayed === true)).toHaveLength(IDENTICAL - 1);
    expect(new Set(receipts.map((receipt) => receipt?.version))).toEqual(new Set([3n]));
    expect(await readEvents(mesh.stores, [accountId])).toHaveLength(3);
    await checkAccounts(mesh.stores, [accountId]);
  });
});
