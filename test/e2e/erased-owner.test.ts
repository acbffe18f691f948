/**
 * Personal text on the whole mesh: sealed wherever the log is stored or carried, readable by
 * queries, and gone for ever once its owner is erased, with events, chain and balances as they
 * were; through a time without a projector, and a rebuild.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { followReconciliation } from '#client/reconciliation.ts';
import { unaryCall } from '#client/unary-call.ts';
import { createKafka } from '#platform/kafka.ts';
import type { Account, Entry } from '#proto/bank/v1/account.ts';
import { EraseOwnerRequest, OpenAccountRequest } from '#proto/bank/v1/account_command_service.ts';
import { GetAccountRequest, ListEntriesRequest } from '#proto/bank/v1/account_query_service.ts';
import { RebuildState } from '#proto/bank/v1/projector_service.ts';
import { faultOf } from '#test/support/bank-calls.ts';
import { chainProblems } from '#test/support/check-events.ts';
import { waitForProjection } from '#test/support/check-projection.ts';
import { ops } from '#test/support/lost-event-store.ts';
import { openOwnMesh, type OwnMesh } from '#test/support/own-mesh.ts';
import { filesWith, recordsWith, tablesWith } from '#test/support/sealed-bank.ts';
import { writeTexts } from '#test/support/written-texts.ts';
import { readEvents, readHeads } from '#test/support/stored-rows.ts';
import { until } from '#test/support/until.ts';

const START_MS = 300_000; // a second stack on a busy machine
const TEST_MS = 180_000;
const GONE_MS_MAX = 10_000;
const KEK = `first:${randomBytes(32).toString('base64')}`;
/** In every text of theirs. */
const [ADAS, BENS] = ['lovelace', 'babbage'];
const REBUILT = RebuildState.REBUILD_STATE_CAUGHT_UP;

describe('an erased owner', () => {
  let mesh: OwnMesh;
  let folder: string;
  const ids = { ada: randomUUID(), ben: randomUUID(), nobody: randomUUID() };
  const accountIds = Object.values(ids);

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'bank-archive-'));
    const env = { BANK_KEK: KEK };
    const serviceEnv = { command: env, projector: env };
    mesh = await openOwnMesh({ replicas: { command: 2, query: 1, projector: 2 }, serviceEnv });
    await writeTexts(mesh.client, ids, { ada: ADAS, ben: BENS });
    await waitForProjection(mesh.stores);
  }, START_MS);
  afterAll(async () => {
    await mesh.stop();
    await rm(folder, { recursive: true, force: true });
  }, START_MS);

  const accountOf = async (accountId: string): Promise<Account> => {
    const { queries } = mesh.client;
    const request = GetAccountRequest.fromPartial({ accountId });
    const { account } = await unaryCall(queries.getAccount.bind(queries), request);
    if (account === undefined) throw new Error('an answer without an account');
    return account;
  };
  const entriesOf = async (accountId: string): Promise<readonly Entry[]> => {
    const { queries } = mesh.client;
    const request = ListEntriesRequest.fromPartial({ accountId, pageSize: 1000 });
    return (await unaryCall(queries.listEntries.bind(queries), request)).entries;
  };
  const textsOf = async (accountId: string): Promise<string[]> => {
    const texts = (await entriesOf(accountId)).map(({ reference }) => reference);
    return [(await accountOf(accountId)).owner, ...texts].filter((text) => text !== '');
  };
  const moneyOf = async (accountId: string): Promise<unknown> =>
    (await entriesOf(accountId)).map(({ version, balanceAfter }) => [version, balanceAfter]);
  const erase = (owner: string) => {
    const { accounts } = mesh.client;
    const request = EraseOwnerRequest.fromPartial({ owner, reason: 'asked to be forgotten' });
    return unaryCall(accounts.eraseOwner.bind(accounts), request);
  };
  const findings = async (): Promise<bigint | undefined> => {
    for await (const { part } of followReconciliation(mesh.client.projector, {})) {
      if (part?.$case === 'totals') return part.value.findings;
    }
    return undefined;
  };

  test(
    'has texts that queries show, and that nothing of the log holds',
    async () => {
      expect(await textsOf(ids.ada)).toHaveLength(10);
      expect(await textsOf(ids.ben)).toHaveLength(3);
      expect(await textsOf(ids.nobody)).toEqual([`to nobody, ${BENS}`]);
      const kafka = createKafka(mesh.stack.kafkaBrokers, 'texts');
      const heads = await readHeads(mesh.stores);
      for (const word of [ADAS, BENS]) {
        expect(await tablesWith(mesh.stores.eventStore, word)).toEqual([]);
        const { records, found } = await recordsWith(kafka, heads, word);
        expect([records > 0, found]).toEqual([true, 0]);
        expect(await tablesWith(mesh.stores.projectionStore, word)).toContain('public.entries');
      }
      expect(await findings()).toBe(0n);
    },
    TEST_MS,
  );

  test(
    'is gone everywhere within seconds, erased while no projector runs',
    async () => {
      const before = { money: await moneyOf(ids.ada), ben: await textsOf(ids.ben) };
      const events = await readEvents(mesh.stores, accountIds);
      for (const projector of mesh.services.projector) await projector.stop('SIGKILL');
      const erased = await erase(`ada ${ADAS}`);
      expect(erased.accountCount).toBe(1n);
      expect(await erase(`ada ${ADAS}`)).toEqual(erased);
      for (const projector of mesh.services.projector) await projector.start();
      const startedAt = performance.now();
      await until('no text', async () => (await textsOf(ids.ada)).length === 0);
      expect(performance.now() - startedAt).toBeLessThan(GONE_MS_MAX);

      const all = await readEvents(mesh.stores, accountIds);
      expect(all).toEqual(events);
      expect(chainProblems(all)).toEqual([]);
      expect(await moneyOf(ids.ada)).toEqual(before.money);
      expect(await textsOf(ids.ben)).toEqual(before.ben);
      expect(await tablesWith(mesh.stores.projectionStore, ADAS)).toEqual([]);
      expect(await findings()).toBe(0n);
    },
    TEST_MS,
  );

  test(
    'a name that nobody has is refused, and commands of the account go on without text',
    async () => {
      expect(await faultOf(erase('ada'))).toMatchObject({ reason: 'OWNER_NOT_FOUND' });
      await writeTexts(mesh.client, ids, { ada: ADAS, ben: BENS }, 'again');
      await waitForProjection(mesh.stores);
      expect(await textsOf(ids.ada)).toEqual([]);
      expect((await textsOf(ids.ben)).length).toBeGreaterThan(3);
      expect(chainProblems(await readEvents(mesh.stores, accountIds))).toEqual([]);

      const accountId = randomUUID();
      const { accounts } = mesh.client;
      const request = { accountId, currencyCode: 'EUR', owner: `ada ${ADAS}` };
      const open = OpenAccountRequest.fromPartial(request);
      await unaryCall(accounts.openAccount.bind(accounts), open);
      await waitForProjection(mesh.stores);
      expect(await textsOf(accountId)).toEqual([`ada ${ADAS}`]);
      expect((await erase(`ada ${ADAS}`)).accountCount).toBe(2n);
      await until('no text', async () => (await textsOf(accountId)).length === 0);
    },
    TEST_MS,
  );

  test(
    'stays gone through a rebuild, and archives of the log hold nothing',
    async () => {
      const { projector } = mesh.client;
      const { rebuild } = await unaryCall(projector.startRebuild.bind(projector), {});
      const get = projector.getRebuild.bind(projector);
      const stateNow = async () => (await unaryCall(get, {})).rebuild?.state;
      await until('a rebuild', async () => (await stateNow()) === REBUILT, { timeoutMs: 60_000 });
      const { rebuildId = '' } = rebuild ?? {};
      const swap = { rebuildId, acceptDifferences: false };
      const swapped = await unaryCall(projector.swapRebuild.bind(projector), swap);
      expect(swapped.rebuild).toMatchObject({ differences: 0n });
      expect(await textsOf(ids.ada)).toEqual([]);
      expect(await textsOf(ids.ben)).toContain(`ben ${BENS}`);
      expect(await tablesWith(mesh.stores.projectionStore, ADAS)).toEqual([]);
      expect(await findings()).toBe(0n);

      await ops(mesh, 'archive', '--folder', folder, '--older-than-days', '0');
      for (const word of [ADAS, BENS]) expect(await filesWith(folder, word)).toEqual([]);
    },
    TEST_MS,
  );
});
