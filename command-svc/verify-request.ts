/**
 * Checks a request for verification, and reads its resume token: the last account that is dealt
 * with, what was counted up to it, and how many findings were told behind it. A token of another
 * log, or of other accounts, is refused.
 */
import { invalidArgument, type FieldViolation } from '#platform/grpc-errors.ts';
import { idNumbers, InvalidToken, readId, readToken, tokenWriter } from '#platform/resume-token.ts';
import { canonicalUuid } from '#platform/uuid.ts';
import type { VerifyEventsRequest } from '#proto/bank/v1/event_log_service.ts';
import { VERIFY } from './bounds.ts';
import { logReplaced } from './feed-request.ts';
import { uuidRule } from './field-rules.ts';

export type VerifyState = {
  /** Undefined: none yet. */
  afterAccountId: string | undefined;
  events: bigint;
  accounts: bigint;
  /** Of accounts that are dealt with. */
  findings: bigint;
  /** Told behind them: not told again. */
  toldSince: bigint;
};

export type OpenedVerification = {
  /** Undefined: all. */
  readonly accountIds: readonly string[] | undefined;
  readonly state: VerifyState;
  readonly token: (state: VerifyState) => string;
};

export function openVerifyRequest(request: VerifyEventsRequest, logId: string): OpenedVerification {
  const accountIds = accountIdsField(request.accountIds);
  const subject = `verify\0${accountIds.join(',')}`;
  const write = tokenWriter(logId, subject);
  return {
    accountIds: accountIds.length === 0 ? undefined : accountIds,
    state: stateOf(request.resumeToken, logId, subject),
    token: ({ afterAccountId, events, accounts, findings, toldSince }) =>
      write([...idNumbers(afterAccountId), events, accounts, findings, toldSince]),
  };
}

function stateOf(token: string, logId: string, subject: string): VerifyState {
  const none = { events: 0n, accounts: 0n, findings: 0n, toldSince: 0n };
  if (token === '') return { afterAccountId: undefined, ...none };
  try {
    const numbers = readToken(token, subject, 'verification');
    if (numbers.logId !== logId) {
      throw logReplaced(`the token is of the log ${numbers.logId}, this is ${logId}`);
    }
    const next = (): bigint => numbers.next();
    const afterAccountId = readId(next);
    const counts = { events: next(), accounts: next(), findings: next(), toldSince: next() };
    numbers.end();
    return { afterAccountId, ...counts };
  } catch (error) {
    if (!(error instanceof InvalidToken)) throw error;
    const description = `is not valid: ${error.message}`;
    throw invalidArgument([{ field: 'resume_token', description }]);
  }
}

/** In their order, each once. */
function accountIdsField(given: readonly string[]): string[] {
  if (given.length > VERIFY.accountIdsMax) {
    const description = `must be ${VERIFY.accountIdsMax} or fewer`;
    throw invalidArgument([{ field: 'account_ids', description }]);
  }
  const violations = given.flatMap((id, at): FieldViolation[] => {
    const description = uuidRule(id);
    return description === undefined ? [] : [{ field: `account_ids[${at}]`, description }];
  });
  if (violations.length > 0) throw invalidArgument(violations);
  return [...new Set(given.map((id) => canonicalUuid(id) ?? id))].sort();
}
