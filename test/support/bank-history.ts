/**
 * What must hold of a history of transfers among accounts that nothing else changes: versions are
 * dense, every balance follows from the one before and is never below zero, each leg has its
 * counterpart with the opposite amount, which names it back, every answer is what is stored, once,
 * and over any set of versions that is closed under transfers the total is what was paid in. Pure,
 * and shares no code with the services.
 */
import {
  closeVersions,
  placeOf,
  type Leg,
  type Place,
  type Versions,
} from '#test/support/closed-versions.ts';
import type { Random } from '#test/support/random.ts';

export type BankEvent = Leg & {
  /** Of the balance. */
  readonly changeMinor: bigint;
  readonly balanceMinor: bigint;
  readonly operationId: string | undefined;
  /** An account's end, which names the leg that took what was left: the leg before it sent it. */
  readonly swept?: Place | undefined;
};

/** A command that a client has sent, with what it was told at last. */
export type BankTry = {
  readonly operationId: string;
  readonly accountId: string;
  readonly answer:
    | {
        readonly kind: 'accepted';
        readonly version: bigint;
        /** Of the other leg, for a command that has one. */
        readonly otherVersion: bigint | undefined;
      }
    | { readonly kind: 'refused'; readonly reason: string }
    | { readonly kind: 'unknown' };
};

export type BankHistory = {
  /** Of all accounts, those of one in the order of their versions. */
  readonly events: readonly BankEvent[];
  readonly tries: readonly BankTry[];
  /** Where each account stood before the first transfer. */
  readonly start: Versions;
  readonly totalMinor: bigint;
};

const CUTS = 200;

export function bankProblems(history: BankHistory, random: Random): string[] {
  const byPlace = new Map(history.events.map((event) => [placeOf(event), event]));
  return [
    ...chainProblems(history),
    ...legProblems(history, byPlace),
    ...answerProblems(history, byPlace),
    ...totalProblems(history, byPlace, random),
  ];
}

export type ByPlace = ReadonlyMap<string, BankEvent>;

function chainProblems({ events }: BankHistory): string[] {
  const problems: string[] = [];
  let before: BankEvent | undefined;
  for (const event of events) {
    const previous = before?.accountId === event.accountId ? before : undefined;
    const at = placeOf(event);
    if (event.version !== (previous?.version ?? 0n) + 1n) problems.push(`${at}: a gap before it`);
    if (event.balanceMinor !== (previous?.balanceMinor ?? 0n) + event.changeMinor) {
      problems.push(`${at}: its balance does not follow from the one before`);
    }
    if (event.balanceMinor < 0n) problems.push(`${at}: drawn below zero`);
    before = event;
  }
  return problems;
}

export function legProblems({ events }: Pick<BankHistory, 'events'>, byPlace: ByPlace): string[] {
  return events.flatMap((event) => {
    const { counterpart } = event;
    if (counterpart === undefined) return [];
    const other = byPlace.get(placeOf(counterpart));
    const at = placeOf(event);
    if (other === undefined) return [`${at}: its other leg is not there`];
    if (other.counterpart === undefined || placeOf(other.counterpart) !== at) {
      return [`${at}: its other leg does not name it`];
    }
    return other.changeMinor === -event.changeMinor ? [] : [`${at}: its legs differ`];
  });
}

export function answerProblems(
  { events, tries }: Pick<BankHistory, 'events' | 'tries'>,
  byPlace: ByPlace,
): string[] {
  const found = Map.groupBy(events, ({ operationId }) => operationId ?? '');
  const problems: string[] = [];
  for (const { operationId, accountId, answer } of tries) {
    const stored = found.get(operationId) ?? [];
    const [event] = stored;
    if (stored.length > 1) problems.push(`operation ${operationId}: executed more than once`);
    if (answer.kind === 'refused' && event !== undefined) {
      problems.push(`operation ${operationId}: refused (${answer.reason}), and stored`);
    }
    if (answer.kind !== 'accepted') continue;
    const isThere = event?.accountId === accountId && event.version === answer.version;
    if (!isThere) problems.push(`operation ${operationId}: acknowledged, and not stored so`);
    else problems.push(...otherLegProblems(operationId, event, answer.otherVersion, byPlace));
  }
  return problems;
}

function otherLegProblems(
  operationId: string,
  { counterpart, swept }: BankEvent,
  told: bigint | undefined,
  byPlace: ByPlace,
): string[] {
  const other = counterpart ?? swept;
  if (other?.version !== told) {
    return [`operation ${operationId}: its other leg was told with another version`];
  }
  if (other === undefined || byPlace.has(placeOf(other))) return [];
  return [`operation ${operationId}: acknowledged with one leg`];
}

export function totalProblems(
  { events, start, totalMinor }: BankHistory,
  byPlace: ByPlace,
  random: Random,
): string[] {
  const byAccount = Map.groupBy(events, ({ accountId }) => accountId);
  const problems: string[] = [];
  for (let cut = 0; cut < CUTS; cut++) {
    const versions = new Map<string, bigint>();
    for (const [accountId, own] of byAccount) {
      const from = Number(start.get(accountId) ?? 1n);
      versions.set(accountId, BigInt(from + random.below(own.length - from + 1)));
    }
    const closed = closeVersions(versions, start, (accountId, above, upTo) =>
      (byAccount.get(accountId) ?? []).slice(Number(above), Number(upTo)),
    );
    let sum = 0n;
    for (const [accountId, version] of closed) {
      sum += byPlace.get(placeOf({ accountId, version }))?.balanceMinor ?? 0n;
    }
    if (sum !== totalMinor) problems.push(`cut ${cut}: the total is ${sum}, not ${totalMinor}`);
  }
  return problems;
}
