/**
 * What callers do while replicas are rolled: a bulk upload that lasts as long as the rolling, its
 * acknowledgements, single transfers and reversals, reads of what was just answered, and the event
 * feed. All through the client with its own retries; whatever they do not carry over is a failure.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { BankClient } from '#client/bank-client.ts';
import { uploadDeposits, type UploadResult } from '#client/bulk-upload.ts';
import { followEvents } from '#client/event-feed.ts';
import { unaryCall } from '#client/unary-call.ts';
import { depositItem, readFeed } from '#test/support/bank-calls.ts';
import { startBankClients, type BankRun } from '#test/support/bank-clients.ts';
import type { ReceivedAcks } from '#test/support/check-acknowledgements.ts';
import type { Payroll } from '#test/support/payroll.ts';

const CHUNK_ITEMS = 40;
const CHUNK_EVERY_MS = 200;
const TRANSFER_CLIENTS = 3;
const TRANSFER_PAUSE_MS = 60;
const READ_EVERY_MS = 100;

/** `version` of an account that the feed has told. */
export type ToldEvent = { readonly accountId: string; readonly version: bigint };

export type LoadResult = {
  readonly submissionId: string;
  readonly upload: UploadResult;
  readonly breaks: number;
  readonly acknowledgements: ReceivedAcks;
  readonly run: BankRun;
  /** Answered, each as new as it had to be. */
  readonly reads: number;
  readonly told: readonly ToldEvent[];
};

export type Load = {
  /** Ends the load: the rest of the upload at once, the last answers of all others. */
  readonly finish: (
    untilTold: (told: readonly ToldEvent[]) => Promise<void>,
  ) => Promise<LoadResult>;
};

export function startLoad(
  client: BankClient,
  payroll: Payroll,
  accounts: readonly string[],
  seed: number,
): Load {
  const over = Promise.withResolvers<void>();
  const state = { over: false, breaks: 0 };
  const onBreak = (): void => void (state.breaks += 1);
  const { submissionId } = payroll;
  const options = { submissionId, messageItems: CHUNK_ITEMS, onBreak };
  const upload = uploadDeposits(client.bulk, paced(payroll, over.promise), options);
  const ended = new AbortController();
  const acknowledgements = readFeed(client, submissionId, { signal: ended.signal });
  const run = startBankClients(client, accounts, {
    clients: TRANSFER_CLIENTS,
    seed,
    pauseMs: TRANSFER_PAUSE_MS,
  });
  const reading = readWhatWasAnswered(client, run, state);
  const told: ToldEvent[] = [];
  const feeding = collectFeed(client, ended.signal, told);
  for (const one of [upload, reading, feeding]) one.catch(() => undefined);
  return {
    async finish(untilTold) {
      state.over = true;
      over.resolve();
      const result = {
        upload: await upload,
        acknowledgements: await acknowledgements,
        reads: await reading,
      };
      await run.stop();
      await Promise.race([untilTold(told), feeding]);
      ended.abort();
      await feeding;
      return { submissionId, ...result, breaks: state.breaks, run, told };
    },
  };
}

/** A chunk now and then, and the last one not before `over`; then all that is left. */
function paced(payroll: Payroll, over: Promise<void>): Parameters<typeof uploadDeposits>[1] {
  let isOver = false;
  void over.then(() => (isOver = true));
  const { items } = payroll;
  return async function* source(from) {
    for (let index = from; index < items.length; index += CHUNK_ITEMS) {
      if (index + CHUNK_ITEMS >= items.length) await over;
      if (!isOver) await Promise.race([sleep(CHUNK_EVERY_MS), over]);
      yield items.slice(index, index + CHUNK_ITEMS).map(depositItem);
    }
  };
}

/** Reads your writes, on whatever replica answers. */
async function readWhatWasAnswered(
  client: BankClient,
  { tries }: BankRun,
  state: { over: boolean },
): Promise<number> {
  let reads = 0;
  while (!state.over) {
    const last = tries.findLast(({ answer }) => answer.kind === 'accepted');
    if (last?.answer.kind === 'accepted') {
      const { accountId, answer } = last;
      const request = { accountId, minVersion: answer.version };
      const get = client.queries.getAccount.bind(client.queries);
      const { account } = await unaryCall(get, request);
      if (account === undefined || account.asOfVersion < answer.version) {
        throw new Error(`account ${accountId} was read before version ${answer.version}`);
      }
      reads += 1;
    }
    await sleep(READ_EVERY_MS);
  }
  return reads;
}

async function collectFeed(
  client: BankClient,
  signal: AbortSignal,
  told: ToldEvent[],
): Promise<void> {
  try {
    for await (const { events } of followEvents(client.eventLog, { signal })) {
      told.push(...events.map(({ accountId, version }) => ({ accountId, version })));
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
