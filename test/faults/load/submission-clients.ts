/**
 * The clients that send submissions: uploads of deposits (some of which are undone afterwards) and
 * of accounts, streams of mixed commands, direct batches of both modes.
 */
import { BatchMode } from '#proto/bank/v1/bulk_service.ts';
import type { Operation } from '#proto/bank/v1/operation.ts';
import type { Random } from '#test/support/random.ts';
import type { SentItem, SentSubmission } from '../history/history.ts';
import { follow } from './followed.ts';
import { inVain, loop, randomOf, type LoadContext } from './load.ts';
import { sendBatch, sendMixed } from './mixed-submissions.ts';
import { randomCommand } from './random-commands.ts';
import {
  newSubmission,
  randomDeposits,
  sendAccounts,
  sendDeposits,
  sendReversal,
} from './submissions.ts';

const PAUSE_MS = 400;
const DEPOSITS_MAX = 400;
const ACCOUNTS_MAX = 30;
const MIXED_MAX = 80;
const BATCH_MAX = 30;
const REVERSED_PER_CENT = 25;
/** Acknowledgements that are still followed when their client goes on. */
const FOLLOWED_MAX = 20;
/** After the last submission. */
const COMPLETE_MS = 60_000;

export async function sendSubmissions(context: LoadContext, seed: number): Promise<void> {
  const followers = new Set<Promise<void>>();
  const clients = [deposits, accounts, mixed, batches];
  const late = new AbortController();
  const { signal } = late; // what is begun is finished, unless it never ends
  const tracked = (submission: SentSubmission): void => {
    context.record.submissions.push(submission);
    const following = follow(context, context.mesh.client, submission, signal);
    const held = following.finally(() => followers.delete(held));
    followers.add(held);
    held.catch((error: unknown) => {
      if (!signal.aborted) inVain(context.record, `a feed to its end: ${String(error)}`);
    });
  };
  await Promise.all(
    clients.map(async (send, n) => {
      const random = randomOf(seed, 100 + n);
      await loop(context, PAUSE_MS, async () => {
        await send({ context, random, signal, tracked });
        if (followers.size > FOLLOWED_MAX) await Promise.race(followers).catch(() => undefined);
      });
    }),
  );
  // Whatever is not complete then is for the checker to judge.
  const timer = setTimeout(() => late.abort(new Error('never complete')), COMPLETE_MS);
  await Promise.allSettled(followers);
  clearTimeout(timer);
}

type Sending = {
  context: LoadContext;
  random: Random;
  signal: AbortSignal;
  /** Records it, and follows its acknowledgements. */
  tracked: (submission: SentSubmission) => void;
};

async function deposits({ context, random, signal, tracked }: Sending): Promise<void> {
  const { mesh, known } = context;
  const made = randomDeposits(random, known, 1 + random.below(DEPOSITS_MAX));
  const one = newSubmission('deposits', `deposits-${random.uuid()}`, made.items);
  tracked(one);
  await sendDeposits(mesh.client, one, made.deposits, signal);
  if (random.below(100) >= REVERSED_PER_CENT) return;
  const undone = newSubmission('reversal', `${one.submissionId}-undone`, undefined);
  tracked(undone);
  await sendReversal(mesh.client, undone, one.submissionId, signal);
}

async function accounts({ context, random, signal, tracked }: Sending): Promise<void> {
  const items = Array.from({ length: 1 + random.below(ACCOUNTS_MAX) }, (): SentItem => ({
    accountId: random.uuid(),
    operationId: random.below(2) === 0 ? random.uuid() : '',
    kind: 'accountOpened',
    changeMinor: 0n,
  }));
  const one = newSubmission('accounts', `accounts-${random.uuid()}`, items);
  tracked(one);
  await sendAccounts(context.mesh.client, one, signal);
}

async function mixed({ context, random, tracked }: Sending): Promise<void> {
  const { items, operations } = randomOperations(context, random, 1 + random.below(MIXED_MAX));
  const one = newSubmission('mixed', `mixed-${random.uuid()}`, items);
  tracked(one);
  await sendMixed(context.mesh.once.bulk, one, operations);
}

async function batches({ context, random, tracked }: Sending): Promise<void> {
  const isAtomic = random.below(2) === 0;
  const { items, operations } = randomOperations(
    context,
    random,
    1 + random.below(isAtomic ? 4 : BATCH_MAX),
  );
  const kind = isAtomic ? 'atomic' : 'each';
  const one = newSubmission(kind, `${kind}-${random.uuid()}`, items);
  const mode = isAtomic ? BatchMode.BATCH_MODE_ATOMIC : BatchMode.BATCH_MODE_PER_ITEM;
  const sent = sendBatch(context.mesh.once.bulk, one, operations, mode);
  if (!isAtomic) {
    tracked(one);
    return sent;
  }
  await sent; // refused as a whole it is no submission: nobody would tell its end
  if (one.answer.kind === 'closed') tracked(one);
  else context.record.submissions.push(one);
}

function randomOperations(
  { known }: LoadContext,
  random: Random,
  count: number,
): { items: SentItem[]; operations: Operation[] } {
  const commands = Array.from({ length: count }, () => randomCommand(random, known));
  for (const { command, accountId } of commands) {
    if (command.$case === 'closeAccount') known.closed(accountId);
  }
  return {
    items: commands.map(({ accountId, operationId, wanted }) => ({
      ...wanted,
      accountId,
      operationId,
    })),
    operations: commands.map(({ command }) => ({ command })),
  };
}
