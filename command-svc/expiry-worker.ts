/**
 * Ends holds whose time has passed, on every replica: asks the index for a bounded number of them,
 * submits an ordinary command for each of their accounts, waits for the outcomes, and asks again
 * after a while. Whoever is faster, another replica or a decision that needed the money, leaves
 * nothing to do: a hold ends by one event, since its account's next version is taken once.
 *
 * A round that fails is tried again as the next one. Accounts that fail are left out while others
 * have something to end: they must not stand in front of them for ever.
 */
import { THE_SERVICE } from '#platform/caller.ts';
import type { Logger } from '#platform/logger.ts';
import { nowMicros } from '#platform/timestamps.ts';
import { sleep } from '#platform/waiting.ts';
import type { ItemOutcome } from './batch-item.ts';
import { itemOf, type CommandContext } from './execute-command.ts';
import { findPassedHolds } from './sql/find-passed-holds.ts';

export type ExpiryLimits = {
  /** The pause between two rounds, and half as much again at random: replicas take turns. */
  readonly everyMs: number;
  /** Holds that a round looks at; one that has ended some is followed by the next at once. */
  readonly holdsMax: number;
};

type WorkerContext = Pick<CommandContext, 'eventStore' | 'batcher' | 'partitionCount'> & {
  readonly log: Logger;
};

export type ExpiryWorker = {
  /** Resolves when the round in hand has ended; no other follows. */
  stop(): Promise<void>;
};

export function startExpiryWorker(context: WorkerContext, limits: ExpiryLimits): ExpiryWorker {
  const stopping = new AbortController();
  const running = runRounds(context, limits, stopping.signal);
  return {
    stop: () => {
      stopping.abort();
      return running;
    },
  };
}

async function runRounds(
  context: WorkerContext,
  { everyMs, holdsMax }: ExpiryLimits,
  signal: AbortSignal,
): Promise<void> {
  let skippedIds: readonly string[] = [];
  while (!signal.aborted) {
    const round = await expireOnce(context, holdsMax, skippedIds).catch((error: unknown) => {
      context.log.warn('Passed holds were not ended; the next round tries again.', { err: error });
      return NOTHING_ENDED;
    });
    if (round.mayGoOn) continue;
    skippedIds = round.failedIds;
    await sleep(everyMs * (1 + Math.random() / 2), signal).catch(() => undefined); // told to stop
  }
}

type Round = {
  /** There were some and all of them have ended: there may be more. */
  readonly mayGoOn: boolean;
  readonly failedIds: readonly string[];
};

const NOTHING_ENDED: Round = { mayGoOn: false, failedIds: [] };

async function expireOnce(
  context: WorkerContext,
  holdsMax: number,
  skippedIds: readonly string[],
): Promise<Round> {
  const accounts = await findPassedHolds(context.eventStore, nowMicros(), holdsMax, skippedIds);
  const outcomes = await Promise.all(accounts.map((accountId) => expireHolds(context, accountId)));
  const failedIds = accounts.filter((_, at) => outcomes[at]?.kind === 'failed');
  const first = outcomes.find((outcome) => outcome?.kind === 'failed');
  if (first?.kind === 'failed') {
    context.log.warn('Passed holds of accounts were not ended; a later round tries again.', {
      accounts: failedIds.length,
      err: first.error,
    });
  }
  const haveEnded = outcomes.every((outcome) => outcome?.kind === 'accepted');
  return { mayGoOn: accounts.length > 0 && haveEnded, failedIds };
}

/** Undefined: the account's lane is full, and the next round comes soon enough. */
function expireHolds(context: WorkerContext, accountId: string): Promise<ItemOutcome | undefined> {
  return new Promise((resolve) => {
    const item = itemOf(
      context,
      { type: 'ExpireHolds', accountId, operationId: undefined },
      {
        kind: 'unary',
        traceparent: undefined,
        caller: THE_SERVICE,
        deadlineAtMs: undefined,
        settle: resolve,
      },
    );
    if (!context.batcher.tryEnqueue(item)) resolve(undefined);
  });
}
