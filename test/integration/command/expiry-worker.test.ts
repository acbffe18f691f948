/** The worker that ends passed holds: each by one event; an account that fails stops no other. */
import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { RpcError } from '#platform/grpc-errors.ts';
import { silentLogger } from '#platform/logger.ts';
import type { Batcher } from '../../../command-svc/batcher.ts';
import { startExpiryWorker, type ExpiryWorker } from '../../../command-svc/expiry-worker.ts';
import { accountAfter, EUR } from '#test/support/command-calls.ts';
import { openDatabases, type Databases } from '#test/support/databases.ts';
import { openIntakeReplica, type IntakeReplica } from '#test/support/intake-replica.ts';
import { until } from '#test/support/until.ts';

const EXPIRED = 9;

let databases: Databases;
let replicas: IntakeReplica[];
const failing = new Set<string>();

beforeAll(async () => {
  databases = await openDatabases();
  const url = databases.eventStoreUrl('bank_command');
  const around = (batcher: Batcher): Batcher => ({
    tryEnqueue(item) {
      if (!failing.has(item.command?.accountId ?? '')) return batcher.tryEnqueue(item);
      const error = new RpcError(status.INTERNAL, 'it always fails');
      item.origin.settle({ kind: 'failed', error }, item);
      return true;
    },
    tryEnqueueBarrier: (barrier) => batcher.tryEnqueueBarrier(barrier),
    whenRoom: (item) => batcher.whenRoom(item),
    stop: () => batcher.stop(),
  });
  const open = (name: string) => openIntakeReplica(url, name, { around });
  replicas = [await open('writer'), await open('worker-a'), await open('worker-b')];
});

afterAll(async () => {
  await Promise.all(replicas.map((replica) => replica.close()));
  await databases.close();
});

/** An account with a hold that has passed so long ago; the workers' replicas have not seen it. */
async function passedHold(agoSeconds: number): Promise<string> {
  const [writer] = replicas;
  if (writer === undefined) throw new Error('there is no replica');
  const accountId = await accountAfter(
    writer,
    { $case: 'deposit', amount: EUR(10n) },
    { $case: 'placeHold', amount: EUR(10n) },
  );
  await databases.eventStore.query(
    `update open_holds set expires_at = now() - $2 * interval '1 second' where account_id = $1`,
    [accountId, agoSeconds],
  );
  return accountId;
}

function startWorkers(holdsMax: number): ExpiryWorker[] {
  return replicas
    .slice(1)
    .map(({ context }) =>
      startExpiryWorker({ ...context, log: silentLogger }, { everyMs: 10, holdsMax }),
    );
}

async function expiriesOf(accountId: string): Promise<number> {
  const { rows } = await databases.eventStore.query<{ n: bigint }>(
    'select count(*) as n from events where account_id = $1 and type = $2',
    [accountId, EXPIRED],
  );
  return Number(rows[0]?.n);
}

it('ends each hold by one event, though every replica has one', async () => {
  const accounts = await Promise.all(Array.from({ length: 20 }, () => passedHold(1)));
  const workers = startWorkers(1_000);
  const counts = () => Promise.all(accounts.map(expiriesOf));
  await until('all have ended', async () => (await counts()).every((count) => count > 0));
  await Promise.all(workers.map((worker) => worker.stop()));
  expect(await counts()).toEqual(accounts.map(() => 1));
});

it('goes by an account that fails, and comes back to it', async () => {
  const [first, second] = [await passedHold(2), await passedHold(1)];
  failing.add(first);
  const workers = startWorkers(1);
  await until('the other has ended', async () => (await expiriesOf(second)) === 1);
  expect(await expiriesOf(first)).toBe(0);
  failing.clear();
  await until('it has ended too', async () => (await expiriesOf(first)) === 1);
  await Promise.all(workers.map((worker) => worker.stop()));
});
