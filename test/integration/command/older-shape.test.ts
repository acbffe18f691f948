/**
 * A state that was stored by older code is replayed from the account's first event, never misread:
 * here it says nonsense beside its older shape, and nobody notices.
 */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Event } from '#proto/bank/event/v1/events.ts';
import {
  AccountCommandServiceService as COMMANDS,
  DepositRequest,
  OpenAccountRequest,
} from '#proto/bank/v1/account_command_service.ts';
import type { CommandReceipt } from '#proto/bank/v1/command_receipt.ts';
import { openDatabases, type Databases } from '#test/support/databases.ts';
import { callUnary, openIntakeReplica, type IntakeReplica } from '#test/support/intake-replica.ts';

const accountId = randomUUID();
let databases: Databases;
const replicas: IntakeReplica[] = [];

beforeAll(async () => {
  databases = await openDatabases();
});
afterAll(async () => {
  for (const replica of replicas) await replica.close();
  await databases.close();
});

it('is replayed from the first event by whoever has not seen the account yet', async () => {
  const writer = await newReplica('writer');
  const opening = OpenAccountRequest.fromPartial({ accountId, currencyCode: 'EUR' });
  await callUnary(writer.commands, COMMANDS.openAccount, opening);
  await deposit(writer, 100n);
  await deposit(writer, 20n);
  await setNewestState((after) => Object.assign(after, { balanceMinor: 9_999n, shape: 0 }));
  expect(await deposit(await newReplica('replaying'), 3n)).toMatchObject({
    version: 4n,
    balance: { currencyCode: 'EUR', minorUnits: 123n },
  });
});

it('is believed in its own shape: the nonsense shows, and so would a misreading', async () => {
  await setNewestState((after) => Object.assign(after, { balanceMinor: 9_999n }));
  const receipt = await deposit(await newReplica('believing'), 1n);
  expect(receipt?.balance?.minorUnits).toBe(10_000n);
});

async function newReplica(name: string): Promise<IntakeReplica> {
  const replica = await openIntakeReplica(databases.eventStoreUrl('bank_command'), name);
  replicas.push(replica);
  return replica;
}

async function deposit(
  { commands }: IntakeReplica,
  minorUnits: bigint,
): Promise<CommandReceipt | undefined> {
  const amount = { currencyCode: 'EUR', minorUnits };
  const request = DepositRequest.fromPartial({ accountId, amount });
  return (await callUnary(commands, COMMANDS.deposit, request)).receipt;
}

async function setNewestState(change: (after: NonNullable<Event['after']>) => void): Promise<void> {
  const { eventStore } = databases;
  const { rows } = await eventStore.query<{ version: string; payload: Buffer }>(
    'select version, payload from events where account_id = $1 order by version desc limit 1',
    [accountId],
  );
  const [newest] = rows;
  const event = Event.decode(newest?.payload ?? Buffer.alloc(0));
  if (event.after === undefined) throw new Error('the newest event carries no state');
  change(event.after);
  await eventStore.query('update events set payload = $3 where account_id = $1 and version = $2', [
    accountId,
    newest?.version,
    Event.encode(event).finish(),
  ]);
}
