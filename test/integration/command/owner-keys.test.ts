/**
 * The keys of owners in the event store: made once, whoever is faster; given to accounts of before
 * there were any; changed to another key-encryption key; destroyed. And what a service says at its
 * start when the right key-encryption key is not given.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { status } from '@grpc/grpc-js';
import pg from 'pg';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { unaryCall } from '#client/unary-call.ts';
import { rewrapKeys } from '#deploy/ops/rewrap-keys.ts';
import { NO_AUTH } from '#platform/auth-settings.ts';
import { ANYONE } from '#platform/caller.ts';
import { keyRing, type KeyRing } from '#platform/key-ring.ts';
import { silentLogger } from '#platform/logger.ts';
import { createPool } from '#platform/postgres.ts';
import { openReplica, settled, type Replica } from '#test/support/batch-bench.ts';
import { faultOf } from '#test/support/bank-calls.ts';
import { commandOf } from '#test/support/commands.ts';
import { openDatabases, type Databases } from '#test/support/databases.ts';
import { openIntakeReplica, type IntakeReplica } from '#test/support/intake-replica.ts';
import { tablesWith } from '#test/support/sealed-bank.ts';
import { openTokenIssuer, type Claims } from '#test/support/token-issuer.ts';
import { processed } from '#test/support/two-replicas.ts';
import { COMMAND_SCOPES } from '../../../command-svc/call-scopes.ts';
import { keyContentHashes } from '../../../command-svc/content-hash.ts';
import { OwnerKeys } from '../../../command-svc/owner-keys.ts';
import { eraseOwnerKey, readErasures } from '../../../command-svc/sql/erase-owner.ts';
import { openStoreSecret, type StoreSecret } from '../../../command-svc/store-secret.ts';
import { openTexts } from '../../../projector-svc/open-texts.ts';

const [first, second] = [randomBytes(32), randomBytes(32)];
const FIRST = keyRing(new Map([['first', first]]));
const BOTH = keyRing(new Map(Object.entries({ first, second })));
const SECOND = keyRing(new Map([['second', second]]));
const WORD = 'lovelace';

let databases: Databases;
let db: pg.Pool;
let plain: Replica;
beforeAll(async () => {
  databases = await openDatabases();
  const url = databases.eventStoreUrl('bank_command');
  db = createPool({ url, applicationName: 'keys', maxConnections: 6 });
  plain = openReplica(url, 'replica');
});
afterAll(async () => {
  keyContentHashes(undefined, false);
  await plain.close();
  await db.end();
  await databases.close();
});

async function sealedReplica(ring: KeyRing): Promise<{ replica: Replica; secret: StoreSecret }> {
  const secret = await openStoreSecret(db, ring);
  if (secret === undefined) throw new Error('there is no secret');
  const ownerKeys = new OwnerKeys({ db, ring, secret, log: silentLogger });
  return { replica: { ...plain, context: { ...plain.context, ownerKeys } }, secret };
}

async function outcomeOf(replica: Replica, command: Parameters<typeof settled>[0]) {
  const [outcome] = await processed(replica, [settled(command)]);
  return outcome?.kind;
}

async function keyOf(accountId: string): Promise<bigint | undefined> {
  const { rows } = await databases.eventStore.query<{ key_id: bigint }>(
    'select key_id from account_keys where account_id = $1',
    [accountId],
  );
  return rows[0]?.key_id;
}

const before = { accountId: randomUUID(), owner: `ada ${WORD}` };
const operation = {
  accountId: before.accountId,
  operationId: randomUUID(),
  reference: `salary of ${WORD}`,
};

test('accounts of before get the keys of their owners, and what they did is known', async () => {
  expect(await outcomeOf(plain, commandOf('OpenAccount', before))).toBe('accepted');
  expect(await outcomeOf(plain, commandOf('Deposit', operation))).toBe('accepted');
  const { replica, secret } = await sealedReplica(FIRST);
  expect(secret.sealsAll).toBe(false);
  keyContentHashes(secret.contentKey, true);
  expect(await outcomeOf(replica, commandOf('Deposit', operation))).toBe('replayed');
  const other = commandOf('Deposit', { ...operation, reference: 'other' });
  expect(await outcomeOf(replica, other)).toBe('rejected');

  const later = { ...operation, operationId: randomUUID(), reference: 'of babbage' };
  expect(await outcomeOf(replica, commandOf('Deposit', later))).toBe('accepted');
  expect(await outcomeOf(replica, commandOf('Deposit', later))).toBe('replayed');
  expect(await tablesWith(databases.eventStore, 'babbage')).toEqual([]);
  const sameOwner = { accountId: randomUUID(), owner: before.owner };
  expect(await outcomeOf(replica, commandOf('OpenAccount', sameOwner))).toBe('accepted');
  expect(await keyOf(sameOwner.accountId)).toBe(await keyOf(before.accountId));
});

test('two replicas make one key an owner and tenant', async () => {
  const [one, two] = await Promise.all([sealedReplica(FIRST), sealedReplica(FIRST)]);
  const owners = Array.from({ length: 50 }, () => randomUUID());
  const ids = { one: owners.map(() => randomUUID()), two: owners.map(() => randomUUID()) };
  const opened = (replica: Replica, accountIds: readonly string[]) =>
    processed(
      replica,
      owners.map((owner, n) =>
        settled(commandOf('OpenAccount', { accountId: accountIds[n] ?? '', owner })),
      ),
    );
  await Promise.all([opened(one.replica, ids.one), opened(two.replica, ids.two)]);
  const keys = await Promise.all(ids.one.map(keyOf));
  expect(await Promise.all(ids.two.map(keyOf))).toEqual(keys);
  expect(new Set(keys).size).toBe(owners.length);
  const tenant = { accountId: randomUUID(), owner: owners[0] ?? '', tenant: 'other' };
  expect(await outcomeOf(one.replica, commandOf('OpenAccount', tenant))).toBe('accepted');
  expect(keys).not.toContain(await keyOf(tenant.accountId));
});

test('a service does not start without the right key-encryption key', async () => {
  const wrong = keyRing(new Map([['first', second]]));
  await expect(openStoreSecret(db, undefined)).rejects.toThrow('set BANK_KEK');
  await expect(openStoreSecret(db, wrong)).rejects.toThrow('does not open by the key-encryption');
  await expect(openStoreSecret(db, SECOND)).rejects.toThrow('first, which is not given');
  const eventStore = databases.eventStore;
  vi.stubEnv('BANK_KEK', '');
  await expect(openTexts(eventStore, silentLogger)).rejects.toThrow('set BANK_KEK');
  vi.stubEnv('BANK_KEK', `first:${second.toString('base64')}`);
  await expect(openTexts(eventStore, silentLogger)).rejects.toThrow(
    'does not open by the key-encryption',
  );
  vi.unstubAllEnvs();
});

test('a key-encryption key is changed; erased owners stay erased', async () => {
  const { secret } = await sealedReplica(FIRST);
  const index = secret.ownerIndex('', before.owner, 0);
  const caller = { ...ANYONE, subject: 'ada' };
  const erased = await eraseOwnerKey(db, index, { caller, why: 'asked' });
  expect(erased).toMatchObject({ accounts: 2n });
  expect(await eraseOwnerKey(db, index, { caller, why: 'again' })).toEqual(erased);
  expect(await readErasures(db, 0n, 10)).toMatchObject([{ erasureNo: 1n }]);
  const told = "select subject, detail from audit where actions = '{EraseOwner}'";
  const detail: unknown = expect.stringMatching(/^keys \d+, of 2 accounts: asked$/);
  const again = { subject: 'ada', detail: 'erased before, of 2 accounts: again' };
  const { rows: audited } = await databases.eventStore.query(told);
  expect(audited).toEqual([{ subject: 'ada', detail }, again]);

  const owner = new pg.Client(databases.eventStoreUrl('postgres'));
  await owner.connect();
  const { keys, retired } = await rewrapKeys(owner, BOTH);
  expect(keys).toBeGreaterThan(50);
  expect(retired).toEqual(['first']);
  expect(await rewrapKeys(owner, BOTH)).toEqual({ keys: 0, retired: [] });
  await owner.end();
  const { replica } = await sealedReplica(SECOND);
  const known = { accountId: before.accountId, reference: `again ${WORD}` };
  expect(await outcomeOf(replica, commandOf('Deposit', known))).toBe('accepted');
  const { rows } = await databases.eventStore.query(
    'select from owner_keys where erased_at is not null and wrapped_key is null',
  );
  expect(rows).toHaveLength(1);
});

test('EraseOwner refuses without keys, bad fields, and a name that nobody has', async () => {
  const { replica, secret } = await sealedReplica(SECOND);
  const { ownerKeys } = replica.context;
  if (ownerKeys === undefined) throw new Error('texts are not sealed');
  const url = databases.eventStoreUrl('bank_command');
  const unsealed = await openIntakeReplica(url, 'unsealed');
  const sealing = await openIntakeReplica(url, 'sealing', { sealing: { secret, ownerKeys } });
  const erase = ({ commands }: IntakeReplica, owner: string, reason = 'asked') => {
    const call = unaryCall(commands.eraseOwner.bind(commands), { owner, reason });
    return faultOf(call);
  };
  try {
    expect(await erase(unsealed, 'ada')).toMatchObject({ reason: 'TEXTS_NOT_SEALED' });
    expect(await erase(sealing, 'nobody of this name')).toMatchObject({
      reason: 'OWNER_NOT_FOUND',
    });
    for (const bad of [
      erase(sealing, ''),
      erase(sealing, 'ada', ''),
      erase(sealing, 'a'.repeat(141)),
    ]) {
      expect(await bad).toMatchObject({ code: status.INVALID_ARGUMENT });
    }
  } finally {
    await unsealed.close();
    await sealing.close();
  }
});

test("EraseOwner reaches the caller's own owners; others look like nobody", async () => {
  const { replica, secret } = await sealedReplica(SECOND);
  const { ownerKeys } = replica.context;
  if (ownerKeys === undefined) throw new Error('texts are not sealed');
  const sealing = { secret, ownerKeys };
  const issuer = await openTokenIssuer();
  const access = { auth: { ...NO_AUTH, tokens: issuer.settings }, scopes: COMMAND_SCOPES };
  const owner = `ben ${randomUUID()}`;
  const opened = { accountId: randomUUID(), owner, tenant: 'north' };
  expect(await outcomeOf(replica, commandOf('OpenAccount', opened))).toBe('accepted');
  const eraseAs = async (claims: Claims): Promise<bigint> => {
    const token = await issuer.token({ ...claims, scope: 'accounts.write' });
    const options = { sealing, access, token };
    const asked = await openIntakeReplica(databases.eventStoreUrl('bank_command'), 'o', options);
    const { commands } = asked;
    const erase = commands.eraseOwner.bind(commands);
    try {
      return (await unaryCall(erase, { owner, reason: 'asked' })).accountCount;
    } finally {
      await asked.close();
    }
  };
  try {
    for (const claims of [{ tenant: 'south' }, {}, { tenant: 'north', owner: 'ben' }]) {
      const told = { code: status.NOT_FOUND, reason: 'OWNER_NOT_FOUND' };
      expect(await faultOf(eraseAs(claims)), JSON.stringify(claims)).toMatchObject(told);
    }
    expect(await eraseAs({ tenant: 'north', owner })).toBe(1n);
    expect(await eraseAs({ tenant: 'north' })).toBe(1n);
  } finally {
    await issuer.stop();
  }
});
