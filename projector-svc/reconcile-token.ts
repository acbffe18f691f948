/**
 * The resume token of Reconcile: the last account that is dealt with, what all up to it came to,
 * and how many findings were told behind it, which are not told again. A token of another log, or
 * of other accounts, is refused.
 */
import { idNumbers, InvalidToken, readId, readToken, tokenWriter } from '#platform/resume-token.ts';

export { InvalidToken } from '#platform/resume-token.ts';

export type CurrencySums = { eventsMinor: bigint; projectedMinor: bigint };

export type ReconcileState = {
  /** undefined: none yet. */
  afterAccountId: string | undefined;
  /** Every account is dealt with; only what concerns currencies is left. */
  accountsTotal: bigint;
  accounts: bigint;
  events: bigint;
  findings: bigint;
  /** Told behind afterAccountId. */
  toldSince: bigint;
  readonly sums: Map<string, CurrencySums>;
};

const CURRENCIES_MAX = 1000n;
const HALF = 1n << 62n;

export function newReconcileState(accountsTotal: bigint): ReconcileState {
  const counts = { accounts: 0n, events: 0n, findings: 0n, toldSince: 0n };
  return { afterAccountId: undefined, accountsTotal, ...counts, sums: new Map() };
}

export function reconcileTokens(logId: string, subject: string): (state: ReconcileState) => string {
  const write = tokenWriter(logId, subject);
  return ({ afterAccountId, accountsTotal, accounts, events, findings, toldSince, sums }) =>
    write([
      ...idNumbers(afterAccountId),
      accountsTotal,
      accounts,
      events,
      findings,
      toldSince,
      BigInt(sums.size),
      ...[...sums].flatMap(([code, { eventsMinor, projectedMinor }]) => [
        BigInt(`0x${Buffer.from(code).toString('hex')}`),
        ...sumNumbers(eventsMinor),
        ...sumNumbers(projectedMinor),
      ]),
    ]);
}

export function readReconcileToken(
  token: string,
  logId: string,
  subject: string,
): ReconcileState | 'another log' {
  const numbers = readToken(token, subject, 'comparison');
  if (numbers.logId !== logId) return 'another log';
  const next = (): bigint => numbers.next();
  const afterAccountId = readId(next);
  const state = newReconcileState(next());
  Object.assign(state, { afterAccountId, accounts: next(), events: next(), findings: next() });
  state.toldSince = next();
  const count = next();
  if (count > CURRENCIES_MAX) throw new InvalidToken('it is damaged');
  for (let left = count; left > 0n; left--) {
    const code = Buffer.from(next().toString(16), 'hex').toString();
    state.sums.set(code, { eventsMinor: readSum(next), projectedMinor: readSum(next) });
  }
  numbers.end();
  return state;
}

/** A sum may be negative, and beyond 64 bits. */
function sumNumbers(sum: bigint): bigint[] {
  const size = sum < 0n ? -sum : sum;
  return [sum < 0n ? 1n : 0n, size / HALF, size % HALF];
}

function readSum(next: () => bigint): bigint {
  const isNegative = next() === 1n;
  const size = next() * HALF + next();
  return isNegative ? -size : size;
}
