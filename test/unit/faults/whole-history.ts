/**
 * A whole history, small: two accounts of a bank that transfers move money between, two that get
 * other commands, one submission; all of it answered, acknowledged, read, fed and projected. Tests
 * break it in one place each.
 */
import { placeOf, type Place } from '#test/support/closed-versions.ts';
import type {
  AccountState,
  CommandTry,
  History,
  SentSubmission,
  StoredEvent,
} from '#test/faults/history/history.ts';

const id = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;

export const BANK = [id(1), id(2)] as const;
export const [PAYER, HOLDER] = [id(3), id(4)] as const;
export const SUBMISSION = 'payroll-1';
export const [SENT, PAID, PLACED, CAPTURED, REFUSED] = [id(11), id(12), id(13), id(14), id(15)];
const HOLD = id(21);
const NEW: AccountState = {
  balanceMinor: 0n,
  heldMinor: 0n,
  limitMinor: 0n,
  debitsFrozen: false,
  creditsFrozen: false,
  isClosed: false,
};

type Step = Partial<StoredEvent> & { accountId: string; kind: string; heldMinor?: bigint };

/** Each step as an event, on the state that the account has. */
function toEvents(steps: readonly Step[]): StoredEvent[] {
  const newest = new Map<string, StoredEvent>();
  const seqs = new Map<number, bigint>();
  return steps.map(({ heldMinor, ...step }) => {
    const before = newest.get(step.accountId);
    const partition = Number(step.accountId.at(-1)) % 2;
    const seq = (seqs.get(partition) ?? 0n) + 1n;
    seqs.set(partition, seq);
    const changeMinor = step.changeMinor ?? 0n;
    const state = before?.after ?? NEW;
    const balanceMinor = state.balanceMinor + changeMinor;
    const event: StoredEvent = {
      version: (before?.version ?? 0n) + 1n,
      partition,
      seq,
      counterpart: undefined,
      operationId: undefined,
      item: undefined,
      ...step,
      changeMinor,
      balanceMinor,
      after: { ...state, balanceMinor, heldMinor: heldMinor ?? state.heldMinor },
    };
    newest.set(step.accountId, event);
    return event;
  });
}

const leg = (accountId: string, version: bigint): Place => ({ accountId, version });
const item = (index: number) => ({ submissionId: SUBMISSION, index });

function makeEvents(): StoredEvent[] {
  const [a, b] = BANK;
  return toEvents([
    ...[a, b, PAYER, HOLDER].map((accountId) => ({
      accountId,
      kind: 'accountOpened',
      limitMinor: 0n,
      operationId: accountId,
    })),
    ...[a, b].map((accountId) => ({ accountId, kind: 'moneyDeposited', changeMinor: 100n })),
    {
      accountId: a,
      kind: 'transferSent',
      changeMinor: -30n,
      counterpart: leg(b, 3n),
      operationId: SENT,
    },
    { accountId: b, kind: 'transferReceived', changeMinor: 30n, counterpart: leg(a, 3n) },
    { accountId: PAYER, kind: 'moneyDeposited', changeMinor: 50n, operationId: PAID },
    { accountId: HOLDER, kind: 'moneyDeposited', changeMinor: 80n, item: item(0) },
    { accountId: PAYER, kind: 'moneyDeposited', changeMinor: 7n, item: item(1) },
    { accountId: HOLDER, kind: 'moneyDeposited', changeMinor: 9n, item: item(3) },
    {
      accountId: HOLDER,
      kind: 'holdPlaced',
      hold: { holdId: HOLD, leftMinor: 40n },
      heldMinor: 40n,
      operationId: PLACED,
    },
    {
      accountId: HOLDER,
      kind: 'holdCaptured',
      changeMinor: -15n,
      hold: { holdId: HOLD, leftMinor: 25n },
      heldMinor: 25n,
      operationId: CAPTURED,
    },
  ]);
}

function makeTries(): CommandTry[] {
  const when = (n: number) => ({ sentMs: n * 10, answeredMs: n * 10 + 5, sends: 1 });
  const accepted = (version: bigint, otherVersion?: bigint) =>
    ({ kind: 'accepted', version, otherVersion }) as const;
  const opened = [...BANK, PAYER, HOLDER].map((accountId, n) => ({
    operationId: accountId,
    accountId,
    answer: accepted(1n),
    wanted: { kind: 'accountOpened', changeMinor: 0n },
    ...when(n),
  }));
  return [
    ...opened,
    { operationId: SENT, accountId: BANK[0], answer: accepted(3n, 3n), ...when(10) },
    {
      operationId: PAID,
      accountId: PAYER,
      answer: accepted(2n),
      wanted: { kind: 'moneyDeposited', changeMinor: 50n },
      ...when(11),
    },
    {
      operationId: PLACED,
      accountId: HOLDER,
      answer: accepted(4n),
      wanted: { kind: 'holdPlaced', changeMinor: 0n },
      ...when(13),
    },
    {
      operationId: CAPTURED,
      accountId: HOLDER,
      answer: accepted(5n),
      wanted: { kind: 'holdCaptured' },
      ...when(14),
    },
    {
      operationId: REFUSED,
      accountId: HOLDER,
      answer: { kind: 'refused', reason: 'INSUFFICIENT_FUNDS' },
      wanted: { kind: 'moneyWithdrawn', changeMinor: -1_000n },
      ...when(15),
    },
  ];
}

function makeSubmission(): SentSubmission {
  const deposit = { kind: 'moneyDeposited', operationId: '' };
  return {
    submissionId: SUBMISSION,
    kind: 'mixed',
    items: [
      { ...deposit, accountId: HOLDER, changeMinor: 80n },
      { ...deposit, accountId: PAYER, changeMinor: 7n },
      { ...deposit, accountId: id(99), changeMinor: 1n },
      { ...deposit, accountId: HOLDER, changeMinor: 9n },
    ],
    sentMs: 115,
    answeredMs: 125,
    sends: 1,
    answer: { kind: 'closed', accepted: 3n, rejected: 1n, replayed: 0n },
    results: [
      { index: 0, answer: { version: 2n } },
      { index: 2, answer: { reason: 'ACCOUNT_NOT_FOUND' } },
    ],
    acks: [
      { indexes: [0, 3], receivedMs: 120, invisible: [] },
      { indexes: [1], receivedMs: 121, invisible: undefined },
    ],
    complete: { projected: 3n, accepted: 3n },
  };
}

export function wholeHistory(): History {
  const events = makeEvents();
  const byAccount = Map.groupBy(events, ({ accountId }) => accountId);
  const partitions = Map.groupBy(events, ({ partition }) => partition);
  const newest = [...byAccount].map(([accountId, own]) => [accountId, own.at(-1)] as const);
  return {
    events,
    tries: makeTries(),
    submissions: [makeSubmission()],
    reads: [{ accountId: HOLDER, minVersion: 4n, version: 5n, state: stateAt(events, HOLDER, 5n) }],
    lookups: [{ operationId: PAID, toldVersion: 2n, found: { version: 2n } }],
    totals: [{ atMs: 130, totalMinor: 200n }],
    feed: new Map([...partitions].map(([partition, own]) => [partition, own.map(placeOf)])),
    bank: { accounts: new Set(BANK), start: new Map(BANK.map((b) => [b, 2n])), totalMinor: 200n },
    heads: [...partitions].map(([partition, own]) => {
      const seq = BigInt(own.length);
      return { partition, seq, rows: seq, batches: seq };
    }),
    projected: {
      accounts: new Map(
        newest.map(([accountId, event]) => {
          if (event === undefined) throw new Error('no event');
          return [accountId, { version: event.version, state: event.after }];
        }),
      ),
      entries: new Map(events.map((event) => [placeOf(event), event])),
      holds: new Set([`${HOLDER} ${HOLD} 25`]),
    },
  };
}

function stateAt(events: readonly StoredEvent[], accountId: string, version: bigint): AccountState {
  const event = events.find((one) => one.accountId === accountId && one.version === version);
  if (event === undefined) throw new Error('no such event');
  return event.after;
}
