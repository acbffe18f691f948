/**
 * WatchAccount through the whole mesh, while deposits come in: streams cut many times and resumed
 * on either replica, one of which is killed meanwhile, tell every version exactly once, with the
 * balance that it made.
 */
import { Metadata } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { BankClient } from '#client/bank-client.ts';
import { unaryCall } from '#client/unary-call.ts';
import { sleep } from '#platform/waiting.ts';
import type { WatchAccountResponse } from '#proto/bank/v1/account_query_service.ts';
import { openAccounts, sendDeposits } from '#test/support/bank-calls.ts';
import { waitForProjection } from '#test/support/check-projection.ts';
import { openMesh, type Mesh } from '#test/support/mesh.ts';
import { makePayroll } from '#test/support/payroll.ts';
import { freshSeed, seededRandom, type Random } from '#test/support/random.ts';

const ACCOUNTS = 4;
const ITEMS = 1_200;
const CUTS_MIN = 30;
const STREAMS_MAX = 5_000;

describe('accounts watched while deposits come in', () => {
  let mesh: Mesh;
  const seed = freshSeed();
  beforeAll(async () => {
    mesh = await openMesh({ command: 1, query: 2, projector: 1 });
  });
  afterAll(() => mesh.close());

  test('show every version once, cut, resumed and with a replica killed', async () => {
    const random = seededRandom(seed);
    const payroll = makePayroll(random, { accounts: ACCOUNTS, items: ITEMS });
    await openAccounts(mesh.client, payroll);
    await waitForProjection(mesh.stores);
    const stored = Promise.withResolvers<void>();
    const watching = payroll.accounts.map(({ accountId }) =>
      watchCut(accountId, seededRandom(random.below(2 ** 31)), stored.promise),
    );
    let sent = 0;
    await sendDeposits(mesh.client, {
      ...payroll,
      messageItems: 20,
      beforeMessage: async () => {
        sent++;
        if (sent === 20) await mesh.kill('query-1');
        if (sent === 40) await mesh.restart('query-1');
      },
    });
    await waitForProjection(mesh.stores);
    stored.resolve();
    for (const [place, messages] of (await Promise.all(watching)).entries()) {
      const accountId = payroll.accounts[place]?.accountId ?? '';
      await expectWhole(mesh.client, accountId, messages);
    }
  });

  /** Cuts each stream after a few messages, until all that was stored has been told. */
  async function watchCut(
    accountId: string,
    random: Random,
    stored: Promise<void>,
  ): Promise<WatchAccountResponse[]> {
    const clients = ['query-1', 'query-2'].map((name) => mesh.clientOf(name));
    const told: WatchAccountResponse[] = [];
    let isStored = false;
    void stored.then(() => (isStored = true));
    for (let streams = 0; streams < STREAMS_MAX; streams++) {
      if (isStored && streams >= CUTS_MIN && (await isUpToDate(accountId, told))) return told;
      const client = random.pick(clients);
      const resumeToken = told.at(-1)?.resumeToken ?? '';
      told.push(...(await readSome(client, accountId, resumeToken, 1 + random.below(60))));
    }
    throw new Error(`seed ${seed}: ${accountId} was not told to its end`);
  }

  async function isUpToDate(accountId: string, told: readonly WatchAccountResponse[]) {
    return (await getAccount(mesh.client, accountId)).asOfVersion === lastVersion(told);
  }
});

/** At most so many messages, for a moment; a replica that is away gives none. */
async function readSome(
  { queries }: BankClient,
  accountId: string,
  resumeToken: string,
  count: number,
): Promise<WatchAccountResponse[]> {
  const request = { accountId, resumeToken, conflate: false, minVersion: 0n };
  const call = queries.watchAccount(request, new Metadata(), { deadline: Date.now() + 400 });
  const messages: WatchAccountResponse[] = [];
  try {
    const stream: AsyncIterable<WatchAccountResponse> = call;
    for await (const message of stream) {
      messages.push(message);
      if (messages.length >= count) break;
    }
  } catch {
    await sleep(10); // cut by its deadline, or by the kill: what has come counts
  } finally {
    call.cancel();
  }
  return messages;
}

async function getAccount({ queries }: BankClient, accountId: string) {
  const request = { accountId, minVersion: 0n };
  const { account } = await unaryCall(queries.getAccount.bind(queries), request);
  if (account === undefined) throw new Error('an answer without an account');
  return account;
}

function lastVersion(messages: readonly WatchAccountResponse[]): bigint {
  return messages.reduce((last, { account }) => account?.asOfVersion ?? last, 0n);
}

async function expectWhole(
  client: BankClient,
  accountId: string,
  messages: readonly WatchAccountResponse[],
): Promise<void> {
  const entries = messages.flatMap((message) => message.entries);
  const first = messages.find(({ account }) => account !== undefined)?.account;
  const account = await getAccount(client, accountId);
  const from = (first?.asOfVersion ?? 0n) + 1n;
  const versions = Array.from(
    { length: Number(account.asOfVersion - from) + 1 },
    (_, n) => from + BigInt(n),
  );
  expect(versions.length).toBeGreaterThan(100);
  expect(entries.map(({ version }) => version)).toEqual(versions);
  for (const message of messages) {
    const [entry] = message.entries;
    if (entry === undefined) continue;
    expect(message.account?.asOfVersion).toBe(entry.version);
    expect(message.account?.balance).toEqual(entry.balanceAfter);
  }
  const change = entries.reduce((sum, { amount }) => sum + (amount?.minorUnits ?? 0n), 0n);
  const before = first?.balance?.minorUnits ?? 0n;
  expect(account.balance?.minorUnits).toBe(before + change);
}
