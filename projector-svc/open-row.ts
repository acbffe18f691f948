/**
 * A row of the event store, opened so that each account's events can be applied by themselves; or
 * why nothing of it can be read.
 */
import type { OutlinedRecord } from './acknowledgement-rows.ts';
import type { Unit } from './apply-units.ts';
import { outlineOf } from './batch-rows.ts';
import { faultOf } from './dead-letter.ts';
import type { Fault } from './dead-letter.ts';
import type { LogRecord } from './record-outline.ts';
import { eventsByAccount, withEvents } from './waiting-events.ts';

export type OpenedRow = OutlinedRecord & {
  /** Where its events stand. */
  readonly byAccount: ReadonlyMap<string, number[]>;
};

export type UnreadRow = { readonly fault: Fault };

export function openRow(row: LogRecord): OpenedRow | UnreadRow {
  try {
    const one = outlineOf(row);
    return { ...one, byAccount: eventsByAccount(one) };
  } catch (error) {
    const fault = faultOf(error);
    if (fault === undefined) throw error;
    return { fault };
  }
}

export function unitsOf(opened: OpenedRow, isWanted: (accountId: string) => boolean): Unit[] {
  return [...opened.byAccount]
    .filter(([accountId]) => isWanted(accountId))
    .map(([accountId, ranges]) => ({ accountId, events: withEvents(opened, ranges) }));
}
