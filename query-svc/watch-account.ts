/**
 * WatchAccount: the account as it is, then every change of it in order, without end. A watcher asks
 * for what came behind the version that it was told last, so nothing is skipped or told twice,
 * however often the stream is cut and resumed by its token; a caller that reads slowly is asked for
 * less often, and costs what is unsent to it and one read. With conflation it is told the newest
 * state only.
 */
import type { ServerWritableStream } from '@grpc/grpc-js';
import { boundedSender, type BoundedSender } from '#platform/bounded-sender.ts';
import { isReached, type Caller } from '#platform/caller.ts';
import { deadlineOf } from '#platform/call-context.ts';
import { invalidArgument } from '#platform/grpc-errors.ts';
import type { ServerStreams } from '#platform/server-streams.ts';
import type {
  WatchAccountRequest as Request,
  WatchAccountResponse as Response,
} from '#proto/bank/v1/account_query_service.ts';
import { FeedState } from '#proto/bank/v1/feed_state.ts';
import type { AccountChanges, Follower } from './account-changes.ts';
import { accountNotFound, guardProjection, type QueryContext } from './account-reader.ts';
import type { AccountView } from './account-view.ts';
import { WATCHES } from './config.ts';
import type { Encoded } from './encoded-messages.ts';
import {
  accountIdField,
  RESUME_TOKEN_RULE,
  versionField,
  type Violations,
} from './request-fields.ts';
import { readAccounts } from './sql/read-accounts.ts';
import { checkNotAhead } from './token-ahead.ts';
import { bareMessage, changeMessages, firstMessage, type Standing } from './watch-messages.ts';
import { decodeWatchToken, type ToldState } from './watch-token.ts';

type Call = ServerWritableStream<Request, Response>;
type Opened = {
  readonly accountId: string;
  readonly caller: Caller;
  readonly minVersion: bigint;
  readonly conflate: boolean;
  readonly resumed: ToldState | undefined;
};
type Send = (message: Encoded<Response>) => Promise<void>;

export function watchAccountOf(
  context: QueryContext,
  changes: AccountChanges,
  streams: ServerStreams,
) {
  return (call: Call): void => {
    const deadlineAtMs = deadlineOf(call);
    streams.serve(call, checkRequest, async (opened, signal) => {
      const send = sendTo(boundedSender(call, WATCHES.unsentBytesMax, signal));
      const follower = changes.follow(opened.accountId);
      try {
        const { accountId, minVersion, caller } = opened;
        if (minVersion > 0n) {
          await context.reader.read(new Map([[accountId, minVersion]]), {
            signal,
            deadlineAtMs,
            caller,
          });
        }
        const account = await readCurrent(context, accountId, caller);
        const standing = await begin(account, opened, send);
        await tellChanges(standing, opened, { follower, send, signal });
      } finally {
        follower.close();
      }
    });
  };
}

async function begin(account: AccountView, opened: Opened, send: Send): Promise<Standing> {
  const { resumed } = opened;
  if (resumed === undefined) {
    await send(firstMessage(account));
    return { account, isCaughtUp: true };
  }
  checkNotAhead(account.accountId, resumed.version, account.version);
  // The balance is not known, but each entry brings its own.
  const known = { ...account, ...resumed };
  const isCaughtUp = known.version === account.version;
  if (isCaughtUp) await send(bareMessage(known, FeedState.FEED_STATE_CAUGHT_UP));
  return { account: known, isCaughtUp };
}

/** Throws the signal's reason in the end. */
async function tellChanges(
  begun: Standing,
  { conflate }: Opened,
  { follower, send, signal }: { follower: Follower; send: Send; signal: AbortSignal },
): Promise<never> {
  let standing = begun;
  for (;;) {
    const { version } = standing.account;
    const { checkpointMs: waitMs } = WATCHES;
    const change = await follower.next({ version, newestOnly: conflate, waitMs, signal });
    if (change === undefined) {
      await send(bareMessage(standing.account));
      continue;
    }
    const { messages, after } = changeMessages(change, standing, conflate);
    for (const message of messages) await send(message);
    standing = after;
  }
}

function sendTo(sender: BoundedSender<Response>): Send {
  return async ({ message, bytes }) => {
    await sender.room();
    sender.send(message, bytes);
  };
}

/** Never from the cache: what comes behind it is told, and should not have been told elsewhere. */
async function readCurrent(
  { db }: QueryContext,
  accountId: string,
  caller: Caller,
): Promise<AccountView> {
  const [account] = await guardProjection(readAccounts(db, [accountId]));
  if (account === undefined || !isReached(caller, account)) throw accountNotFound(accountId);
  return account;
}

function checkRequest(request: Request, caller: Caller): Opened {
  const violations: Violations = [];
  const accountId = accountIdField(violations, 'account_id', request.accountId);
  const { resumeToken, conflate } = request;
  const resumed = resumeToken === '' ? undefined : decodeWatchToken(accountId, resumeToken);
  if (resumeToken !== '' && resumed === undefined) {
    violations.push({ field: 'resume_token', description: RESUME_TOKEN_RULE });
  }
  const minVersion = versionField(violations, 'min_version', request.minVersion);
  if (violations.length > 0) throw invalidArgument(violations);
  return { accountId, caller, minVersion, conflate, resumed };
}
