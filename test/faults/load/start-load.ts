/**
 * Starts the whole load of a run on accounts of its own: the bank, whose total never changes, and
 * accounts that get every command there is.
 */
import { openBankAccounts, startBankClients } from '#test/support/bank-clients.ts';
import { request } from '#test/support/command-calls.ts';
import type { Random } from '#test/support/random.ts';
import type { ClosedBank } from '../history/history.ts';
import type { FaultyMesh } from '../mesh/faulty-mesh.ts';
import { sendCommand, sendCommands } from './command-clients.ts';
import { KnownAccounts } from './known-accounts.ts';
import { randomOf, type LoadContext, type RunRecord } from './load.ts';
import { addUpTotals, changeBulkMode, readAccounts, readFeed } from './readers.ts';
import { sendSubmissions } from './submission-clients.ts';

export type Load = {
  readonly bank: ClosedBank;
  /** Rejects when a client meets what it must not meet; never resolves. */
  readonly failed: Promise<never>;
  /** No new work; resolves when what was begun has its last answer. */
  readonly stop: () => Promise<void>;
  /** The feed has brought so many events, of all partitions. */
  readonly fed: () => number;
  readonly stopFeed: () => Promise<void>;
};

const BANK = { accounts: 16, paidIn: 1_000n, clients: 6, pauseMs: 30 } as const;
const SHARED_ACCOUNTS = 24;
const COMMAND_CLIENTS = 8;
const FIRST_DEPOSIT = 2_000n;

export async function startLoad(mesh: FaultyMesh, record: RunRecord, seed: number): Promise<Load> {
  const random = randomOf(seed, 300);
  const stopping = new AbortController();
  const known = new KnownAccounts();
  const context: LoadContext = { mesh, known, record, stopping: stopping.signal };
  const accounts = await openBankAccounts(mesh.client, random, BANK.accounts, BANK.paidIn);
  const bank: ClosedBank = {
    accounts: new Set(accounts),
    start: new Map(accounts.map((id) => [id, 2n])),
    totalMinor: BANK.paidIn * BigInt(BANK.accounts),
  };
  const shared = Array.from({ length: SHARED_ACCOUNTS }, () => random.uuid());
  await Promise.all(shared.map((accountId) => openFilled(context, random, accountId)));
  const feeding = new AbortController();
  const feed = readFeed(context, feeding.signal);
  const { clients, pauseMs } = BANK;
  const bankRun = startBankClients(mesh.once, accounts, { clients, seed, pauseMs });
  const parts = Promise.all([
    sendCommands(context, seed, COMMAND_CLIENTS),
    sendSubmissions(context, seed),
    readAccounts(context, seed),
    addUpTotals(context, accounts, bank.start),
    changeBulkMode(context),
  ]);
  const failed = Promise.all([parts, feed]).then(() => new Promise<never>(() => undefined));
  failed.catch(() => undefined); // whoever strikes meanwhile is told
  return {
    bank,
    failed,
    stop: async () => {
      stopping.abort(new Error('the run is over'));
      await Promise.all([bankRun.stop(), parts]);
      record.tries.push(...bankRun.tries);
    },
    fed: () => [...record.feed.values()].reduce((sum, told) => sum + told.length, 0),
    stopFeed: async () => {
      feeding.abort(new Error('the run is over'));
      await feed;
    },
  };
}

/** Opens an account and pays into it, as recorded commands. */
export async function openFilled(
  context: LoadContext,
  random: Random,
  accountId: string,
): Promise<void> {
  const opening = { accountId, operationId: random.uuid() };
  const paying = { accountId, operationId: random.uuid() };
  await sendCommand(context, {
    ...opening,
    command: request('openAccount', { ...opening, currencyCode: 'EUR' }),
    wanted: { kind: 'accountOpened', changeMinor: 0n },
  });
  const amount = { currencyCode: 'EUR', minorUnits: FIRST_DEPOSIT };
  await sendCommand(context, {
    ...paying,
    command: request('deposit', { ...paying, amount }),
    wanted: { kind: 'moneyDeposited', changeMinor: FIRST_DEPOSIT },
  });
}
