/**
 * The shortest part of a history that shows a problem: what was sent and told of the operations,
 * items and places that the problem names, the events there with their neighbours, and the faults
 * that struck meanwhile. Pure.
 */
import { placeOf } from '#test/support/closed-versions.ts';
import type { CommandTry, History, SentSubmission, StoredEvent } from './history.ts';

/** A fault as it struck; times as in the history. */
export type StruckFault = { readonly text: string; readonly fromMs: number; readonly toMs: number };

const UUID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/;
const PLACE = new RegExp(`(${UUID.source})/(\\d+)`, 'g');
const OPERATION = new RegExp(`operation (${UUID.source})`, 'g');
const ITEM = /item (\d+) of ([\w.-]+)/g;
const SUBMISSION = /submission ([\w.-]+)/g;
const LINES_MAX = 40;

type Line = { readonly atMs: number; readonly text: string };

/** Of several problems the one that is shown in the fewest lines, and those. */
export function shortestPart(
  history: History,
  problems: readonly string[],
  faults: readonly StruckFault[],
): { problem: string; lines: string[] } | undefined {
  const parts = problems
    .slice(0, LINES_MAX)
    .map((problem) => ({ problem, lines: historyPart(history, problem, faults) }));
  return parts.sort((a, b) => a.lines.length - b.lines.length)[0];
}

export function historyPart(
  history: History,
  problem: string,
  faults: readonly StruckFault[],
): string[] {
  const operations = new Set([...problem.matchAll(OPERATION)].map(([, id = '']) => id));
  const places = new Set([...problem.matchAll(PLACE)].map(([place]) => place));
  const items = [...problem.matchAll(ITEM)].map(([, index, submissionId = '']) => {
    return { submissionId, index: Number(index) };
  });
  const whole = new Set([...problem.matchAll(SUBMISSION)].map(([, id = '']) => id));
  const isNamed = (event: StoredEvent): boolean =>
    places.has(placeOf(event)) ||
    operations.has(event.operationId ?? '') ||
    items.some(
      ({ submissionId, index }) =>
        event.item?.submissionId === submissionId && event.item.index === index,
    );
  const named = history.events.filter(isNamed);
  for (const event of named) places.add(placeOf(event));
  const near = history.events.filter((event) => isNear(event, places));
  const told = history.tries.filter((one) => isTold(one, operations, places));
  const sent = history.submissions.filter(
    ({ submissionId }) =>
      whole.has(submissionId) || items.some((item) => item.submissionId === submissionId),
  );
  const lines: Line[] = [
    ...told.flatMap(tryLines),
    ...sent.flatMap((one) =>
      submissionLines(
        one,
        items.filter((item) => item.submissionId === one.submissionId).map(({ index }) => index),
      ),
    ),
  ];
  const fromMs = Math.min(...lines.map(({ atMs }) => atMs));
  const toMs = Math.max(...lines.map(({ atMs }) => atMs));
  const struck = faults.filter((fault) => fault.fromMs <= toMs && fault.toMs >= fromMs);
  lines.push(...struck.flatMap(faultLines));
  const inTime = lines.sort((a, b) => a.atMs - b.atMs).slice(0, LINES_MAX);
  return [
    ...inTime.map(({ atMs, text }) => `${(atMs / 1000).toFixed(3).padStart(9)} s  ${text}`),
    ...near.slice(0, LINES_MAX).map((event) => `   stored  ${eventText(event)}`),
  ];
}

/** At a named place, or right before or behind one. */
function isNear({ accountId, version }: StoredEvent, places: ReadonlySet<string>): boolean {
  return [-1n, 0n, 1n].some((step) => places.has(placeOf({ accountId, version: version + step })));
}

function isTold(
  { operationId, accountId, answer }: CommandTry,
  operations: ReadonlySet<string>,
  places: ReadonlySet<string>,
): boolean {
  if (operations.has(operationId)) return true;
  return answer.kind === 'accepted' && places.has(placeOf({ accountId, version: answer.version }));
}

function tryLines({ operationId, accountId, wanted, answer, ...when }: CommandTry): Line[] {
  const other =
    answer.kind === 'accepted' && answer.otherVersion !== undefined
      ? `, the other leg ${answer.otherVersion}`
      : '';
  const told =
    answer.kind === 'accepted'
      ? `accepted as ${answer.version}${other}`
      : answer.kind === 'refused'
        ? `refused, ${answer.reason}`
        : 'unknown';
  const name = `operation ${operationId}`;
  const what = `${wanted?.kind ?? 'command'} ${wanted?.changeMinor ?? ''}`.trim();
  return [
    { atMs: when.sentMs, text: `sent      ${name}: ${what} on ${accountId}` },
    { atMs: when.answeredMs, text: `answered  ${name}: ${told}, sent ${when.sends} times` },
  ];
}

function submissionLines(one: SentSubmission, indexes: readonly number[]): Line[] {
  const { submissionId, kind, items, answer, acks, complete } = one;
  const name = `submission ${submissionId}`;
  const told =
    answer.kind === 'closed'
      ? `${answer.accepted} accepted, ${answer.rejected} rejected, ${answer.replayed} replayed`
      : answer.kind === 'refused'
        ? `refused, ${answer.reason}`
        : 'unknown';
  const lines = [
    { atMs: one.sentMs, text: `sent      ${name} (${kind}), ${items?.length ?? 'its'} items` },
    ...acks
      .filter((ack) => indexes.some((index) => ack.indexes.includes(index)))
      .map(({ receivedMs, invisible }) => ({
        atMs: receivedMs,
        text: `acknowledged, of ${name}; not to be read: ${invisible?.join(' ') ?? 'unknown'}`,
      })),
  ];
  for (const index of indexes) {
    const item = items?.[index];
    const what = item && `${item.kind} ${item.changeMinor ?? ''} on ${item.accountId}`;
    lines.push({ atMs: one.sentMs, text: `          its item ${index}: ${what ?? 'not known'}` });
  }
  if (answer.kind !== 'unknown') {
    lines.push({ atMs: one.answeredMs, text: `answered  ${name}: ${told}` });
  }
  const end = complete === undefined ? 'never' : `${complete.projected} of ${complete.accepted}`;
  const lastMs = Math.max(...lines.map(({ atMs }) => atMs));
  return [...lines, { atMs: lastMs, text: `complete  ${name}: ${end}` }];
}

function faultLines({ text, fromMs, toMs }: StruckFault): Line[] {
  return [
    { atMs: fromMs, text: `struck    ${text}` },
    { atMs: toMs, text: `healed    ${text}` },
  ];
}

function eventText(event: StoredEvent): string {
  const { partition, seq, kind, changeMinor, balanceMinor, operationId, item } = event;
  const of = [
    operationId === undefined ? '' : ` operation ${operationId}`,
    item === undefined ? '' : ` item ${item.index} of ${item.submissionId}`,
  ].join('');
  const money = `${changeMinor}, balance ${balanceMinor}`;
  return `${placeOf(event)} at ${partition}/${seq}: ${kind} ${money}${of}`;
}
