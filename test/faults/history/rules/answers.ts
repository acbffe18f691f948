/**
 * Single commands: what was acknowledged is stored exactly once, as it was told and with what was
 * asked for; what was refused is not stored; what nobody sent is not there; and GetOperation says
 * the same afterwards. A command that had no answer is stored once at most.
 */
import { answerProblems, type BankTry } from '#test/support/bank-history.ts';
import { placeOf } from '#test/support/closed-versions.ts';
import type { CommandTry, History, StoredEvent } from '../history.ts';
import type { Indexed } from '../indexed.ts';

/** Every reason that the contract has for a single command, and a field that breaks a rule. */
const REFUSALS = new Set([
  'INVALID_ARGUMENT',
  'ACCOUNT_NOT_FOUND',
  'ACCOUNT_EXISTS',
  'OPERATION_NOT_FOUND',
  'HOLD_NOT_FOUND',
  'HOLD_EXISTS',
  'HOLD_EXPIRED',
  'ACCOUNT_CLOSED',
  'ACCOUNT_FROZEN',
  'ALREADY_REVERSED',
  'BALANCE_NOT_ZERO',
  'INSUFFICIENT_FUNDS',
  'BALANCE_OVERFLOW',
  'QUOTA_EXCEEDED',
]);

export function commandProblems(history: History, found: Indexed): string[] {
  const { events, tries, lookups } = history;
  return [
    ...answerProblems({ events, tries: tries.map(asTold) }, found.byPlace),
    ...tries.flatMap((one) => contentProblems(one, found)),
    ...strangerProblems(history, found),
    ...lookups.flatMap(({ operationId, toldVersion, found: told }) =>
      'version' in told && told.version === toldVersion
        ? []
        : [`operation ${operationId}: told as ${toldVersion}, looked up as ${wordOf(told)}`],
    ),
  ];
}

/** A refusal of the last try says nothing of what an earlier one did after it. */
function asTold(one: CommandTry): BankTry {
  const { answer, sends } = one;
  return answer.kind === 'refused' && sends > 1 ? { ...one, answer: { kind: 'unknown' } } : one;
}

function contentProblems(
  { operationId, accountId, answer, wanted }: CommandTry,
  { byOperation }: Indexed,
): string[] {
  if (answer.kind === 'refused' && !REFUSALS.has(answer.reason)) {
    return [`operation ${operationId}: answered ${answer.reason}`];
  }
  const [event] = byOperation.get(operationId) ?? [];
  if (event === undefined || wanted === undefined) return [];
  const says =
    event.accountId === accountId &&
    event.kind === wanted.kind &&
    (wanted.changeMinor === undefined || event.changeMinor === wanted.changeMinor);
  return says ? [] : [`operation ${operationId}: ${placeOf(event)} says something else`];
}

/** Events that follow from no command that was sent. */
function strangerProblems({ tries, submissions, bank, events }: History, found: Indexed): string[] {
  const sent = new Set(tries.map(({ operationId }) => operationId));
  for (const { items = [] } of submissions) {
    for (const { operationId } of items) if (operationId !== '') sent.add(operationId);
  }
  const known = new Set(submissions.map(({ submissionId }) => submissionId));
  return events
    .filter(({ accountId, version }) => version > (bank.start.get(accountId) ?? 0n))
    .filter((event) => {
      if (event.item !== undefined) return !known.has(event.item.submissionId);
      if (event.operationId !== undefined) return !sent.has(event.operationId);
      return !followsByItself(event, found);
    })
    .map((event) => `${placeOf(event)}: nobody sent what it is of`);
}

/** Ends of holds by time, other legs, and what a sweep sends before the account is closed. */
function followsByItself(event: StoredEvent, { byPlace }: Indexed): boolean {
  if (event.kind === 'holdExpired' || event.kind === 'transferReceived') return true;
  if (event.kind === 'operationReversed') return event.counterpart !== undefined;
  const next = byPlace.get(placeOf({ ...event, version: event.version + 1n }));
  return event.kind === 'transferSent' && next?.closes === true;
}

function wordOf(answer: { version: bigint } | { reason: string }): string {
  return 'version' in answer ? String(answer.version) : answer.reason;
}
