/** The checker of the bank test: it finds what is wrong with broken histories, and no more. */
import { expect, test } from 'vitest';
import {
  bankProblems,
  type BankEvent,
  type BankHistory,
  type BankTry,
} from '#test/support/bank-history.ts';
import { seededRandom } from '#test/support/random.ts';

const ACCOUNTS = ['a', 'b', 'c', 'd'];
const PAID_IN = 100n;

/** A whole history of so many transfers. */
function history(transfers = 60): { events: BankEvent[]; tries: BankTry[] } & BankHistory {
  const random = seededRandom(7);
  const logs = new Map<string, BankEvent[]>();
  const last = (accountId: string): BankEvent => {
    const event = logs.get(accountId)?.at(-1);
    if (event === undefined) throw new Error('no account');
    return event;
  };
  const plain = { counterpart: undefined, operationId: undefined };
  for (const accountId of ACCOUNTS) {
    const opened = { accountId, version: 1n, changeMinor: 0n, balanceMinor: 0n, ...plain };
    const paid = { ...opened, version: 2n, changeMinor: PAID_IN, balanceMinor: PAID_IN };
    logs.set(accountId, [opened, paid]);
  }
  const tries: BankTry[] = [];
  for (let n = 0; n < transfers; n++) {
    const from = last(random.pick(ACCOUNTS));
    const to = last(random.pick(ACCOUNTS.filter((id) => id !== from.accountId)));
    const operationId = `o${n}`;
    const { accountId } = from;
    if (from.balanceMinor < 5n) {
      tries.push({ operationId, accountId, answer: { kind: 'refused', reason: 'FUNDS' } });
      continue;
    }
    const leg = (before: BankEvent, other: BankEvent, changeMinor: bigint): BankEvent => ({
      accountId: before.accountId,
      version: before.version + 1n,
      changeMinor,
      balanceMinor: before.balanceMinor + changeMinor,
      operationId: changeMinor < 0n ? operationId : undefined,
      counterpart: { accountId: other.accountId, version: other.version + 1n },
    });
    const [sent, received] = [leg(from, to, -5n), leg(to, from, 5n)];
    logs.get(accountId)?.push(sent);
    logs.get(to.accountId)?.push(received);
    const answer = { version: sent.version, otherVersion: received.version } as const;
    tries.push({ operationId, accountId, answer: { kind: 'accepted', ...answer } });
  }
  const start = new Map(ACCOUNTS.map((id) => [id, 2n]));
  return { events: [...logs.values()].flat(), tries, start, totalMinor: 400n };
}

const problemsOf = (broken: BankHistory): string =>
  bankProblems(broken, seededRandom(3)).join('\n');

const isSent = ({ changeMinor, counterpart }: BankEvent): boolean =>
  counterpart !== undefined && changeMinor < 0n;

/** A whole history with one leg exchanged; the place is some way in. */
function withLeg(change: (leg: BankEvent) => BankEvent[]): BankHistory {
  const whole = history();
  const at = whole.events.findIndex((event) => isSent(event) && event.version > 5n);
  const leg = whole.events[at];
  if (leg === undefined) throw new Error('no leg');
  return { ...whole, events: whole.events.toSpliced(at, 1, ...change(leg)) };
}

test('a whole history has no problem', () => {
  expect(problemsOf(history())).toBe('');
});

const STRANGER = { accountId: 'z', version: 1n };

test.each<[string, () => BankHistory, string]>([
  ['a leg that is lost', () => withLeg(() => []), 'a gap before it'],
  ['a leg that is lost, its other one', () => withLeg(() => []), 'its other leg is not there'],
  ['a version that is there twice', () => withLeg((leg) => [leg, leg]), 'a gap before it'],
  [
    'a balance of nowhere',
    () => withLeg((leg) => [{ ...leg, balanceMinor: leg.balanceMinor + 1n }]),
    'does not follow',
  ],
  [
    'legs of two amounts',
    () => withLeg((leg) => [{ ...leg, changeMinor: leg.changeMinor - 1n }]),
    'its legs differ',
  ],
  [
    'a leg that names another',
    () => withLeg((leg) => [{ ...leg, counterpart: STRANGER }]),
    'its other leg does not name it',
  ],
  [
    'an operation that is executed twice',
    () => {
      const whole = history();
      const copied = whole.events.map((event) =>
        event.operationId === 'o9' ? { ...event, operationId: 'o8' } : event,
      );
      return { ...whole, events: copied };
    },
    'o8: executed more than once',
  ],
  [
    'an acknowledged transfer that is not there',
    () => ({ ...history(), events: history(50).events }),
    'acknowledged, and not stored so',
  ],
  [
    'a refused transfer that is there',
    () => {
      const whole = history();
      const answer = { kind: 'refused', reason: 'FUNDS' } as const;
      return { ...whole, tries: whole.tries.map((one) => ({ ...one, answer })) };
    },
    'refused (FUNDS), and stored',
  ],
  [
    'another version than was told',
    () => {
      const whole = history();
      const tries = whole.tries.map(({ answer, ...one }): BankTry =>
        answer.kind === 'accepted'
          ? { ...one, answer: { ...answer, otherVersion: (answer.otherVersion ?? 0n) + 1n } }
          : { ...one, answer },
      );
      return { ...whole, tries };
    },
    'told with another version',
  ],
  [
    'an account below zero',
    () => withLeg((leg) => [{ ...leg, balanceMinor: -1n }]),
    'drawn below zero',
  ],
  ['a total that is not what was paid in', () => ({ ...history(), totalMinor: 401n }), 'the total'],
  [
    'money from nowhere',
    () => {
      const whole = history();
      const raised = whole.events.map((event) =>
        event.accountId === 'a' && event.version > 8n
          ? { ...event, balanceMinor: event.balanceMinor + 1n }
          : event,
      );
      return { ...whole, events: raised };
    },
    'the total is 401',
  ],
])('%s is found', (_name, broken, words) => {
  expect(problemsOf(broken())).toContain(words);
});
