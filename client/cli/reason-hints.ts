/** What to do about each reason that the bank refuses for (docs/contract.md, Errors). */

const HINTS: Readonly<Record<string, string>> = {
  ACCOUNT_NOT_FOUND:
    'check the id: `bank list` shows accounts. A query for one of a moment ago: --min-version 1',
  ACCOUNT_EXISTS: 'open it under another id, or leave the id out and get a new one',
  ACCOUNT_FROZEN: '`bank get ID` shows what is frozen, `bank unfreeze ID --reason ...` ends it',
  ACCOUNT_CLOSED: 'a closed account takes nothing more: use another one',
  INSUFFICIENT_FUNDS: '`bank get ID` shows what is available and what holds set aside',
  CURRENCY_MISMATCH: '`bank get ID` shows the currency of the account',
  BALANCE_NOT_ZERO: '--sweep-to ID moves the balance; `bank entries ID` shows holds to release',
  BALANCE_OVERFLOW: 'the amount is more than an account can hold: divide it',
  HOLD_NOT_FOUND: '`bank entries ID --type hold_placed -o csv` shows the holds of the account',
  HOLD_EXISTS: 'place it under another --hold-id, or leave that out and get a new one',
  HOLD_EXPIRED: 'the money is free again: place a new hold',
  OPERATION_NOT_FOUND:
    'it was never stored: the same command, with its --operation-id, may be sent',
  OPERATION_ID_REUSED: 'this --operation-id was used for something else: take a new one',
  ALREADY_REVERSED: '`bank entries ID` shows the entry that undid it',
  VERSION_MISMATCH: 'somebody was faster: look at `bank get ID`, then give its version',
  VERSION_NOT_PROJECTED: 'it is stored, and not visible yet: ask again, or look at `bank status`',
  DEAD_LETTER_NOT_FOUND: '`bank ops dead-letters` shows those that there are',
  REBUILD_NOT_FOUND: '`bank ops rebuild start` makes one, and tells its id',
  REBUILD_NOT_CAUGHT_UP: '`bank ops rebuild show` tells how far it is',
  REBUILD_DIFFERS: '`bank ops rebuild show` tells in what; --accept-differences swaps it in anyway',
  REBUILD_NOT_DROPPED: '`bank ops rebuild drop ID` drops what the last one has replaced',
  ACCOUNTS_PARKED: '`bank ops dead-letters` and `bank ops retry` come first',
  LEASE_EXPIRED: '`bank mode start` makes a new lease',
  LOG_REPLACED: 'an older copy of the bank was restored: begin without --resume-token',
  LOG_ARCHIVED: 'the message names the files; docs/operations.md says how they come back',
  SUBMISSION_NOT_FOUND: 'check the id: nobody has begun this submission',
  SUBMISSION_TAKEN_OVER:
    'another run sends the same submission: let it end, then the same command tells the outcome',
  SUBMISSION_CLOSED:
    '`bank submission ID` shows what it was closed with; other items take another --submission',
  SUBMISSION_INCOMPLETE:
    '`bank submission ID` shows how far it is; the same command sends the rest',
  CONTROL_TOTALS_MISMATCH:
    'it is still open: the same command with other totals, or without --expect-..., closes it',
  STREAM_IDLE: 'nothing came or was read for too long: the same command goes on',
  STREAM_ROTATED: 'a stream lasts some minutes only: go on with --resume-token',
  QUEUE_FULL: 'the bank is busy: the same command helps a little later',
  QUOTA_EXCEEDED: 'your share is used up: come back a little later',
  INVALID_TOKEN: 'get a new token, and give it by --token-file, or in the context',
  MISSING_SCOPE: 'your token does not reach so far: docs/security.md has the scope of each method',
  KEYS_UNAVAILABLE: 'the keys that tokens are checked by are away: come back a little later',
  BULK_MODE_UNAVAILABLE: 'Redis is away: bulk mode comes back with it',
  EVENT_STORE_UNAVAILABLE: 'the event store is away: the same command helps when it is back',
  PROJECTION_UNAVAILABLE: 'the projection store is away: ask again when it is back',
  SHUTTING_DOWN: 'a replica stops: the same command goes to another one',
  TEXTS_NOT_SEALED: 'this bank has no key-encryption key: docs/security.md',
};

/** undefined: the message has to do. */
export function reasonHint(reason: string): string | undefined {
  return Object.hasOwn(HINTS, reason) ? HINTS[reason] : undefined;
}
