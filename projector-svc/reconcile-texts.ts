/**
 * What sealed texts of a page say, for the comparison: its keys are read anew, after the page, so
 * that an erasure which the projection may show is known. Until the projection has taken the texts
 * of an erasure out, both their text and none are right.
 */
import type pg from 'pg';
import { openText } from '#platform/sealed-text.ts';
import { keyIdOf, openTextKey, type TextKey } from '#platform/text-key.ts';
import { uuidToBytes } from '#platform/uuid.ts';
import { Event, type SealedText } from '#proto/bank/event/v1/events.ts';
import type { StoredEvent } from './sql/read-event-page.ts';
import { readOwnerKeys } from './sql/read-owner-keys.ts';
import type { TextKeys } from './text-keys.ts';

/** Of an event's text; undefined: either it or none. */
export type TextReader = (
  text: SealedText | undefined,
  event: Pick<StoredEvent, 'account_id' | 'version'>,
) => string | undefined;

/** `purged`: up to which erasure the projection had no text left, before the page was read. */
export async function readTexts(
  { ring, log }: Pick<TextKeys, 'ring' | 'log'>,
  eventStore: pg.Pool,
  events: readonly StoredEvent[],
  purged: bigint,
): Promise<TextReader> {
  const keyIds = ring === undefined ? [] : keyIdsOf(events);
  const rows = keyIds.length === 0 ? [] : await readOwnerKeys(eventStore, keyIds);
  const keys = new Map(rows.map((row) => [row.key_id, row]));
  return (text, event) => {
    if (text?.form === undefined) return '';
    if (text.form.$case === 'plain') return text.form.value;
    const row = keys.get(keyIdOf(text.form.value.keyId) ?? 0n);
    if (ring === undefined || row === undefined) return '';
    if (row.erasure_no !== null) return row.erasure_no > purged ? undefined : '';
    const { key } = openTextKey(ring, row, log);
    return opened(key, event, text.form.value);
  };
}

function opened(
  key: TextKey['key'],
  event: Pick<StoredEvent, 'account_id' | 'version'>,
  sealed: Parameters<typeof openText>[3],
): string {
  const account = uuidToBytes(event.account_id);
  const text = key && openText(key, account, event.version, sealed);
  return text?.toString('utf8') ?? '';
}

function keyIdsOf(events: readonly StoredEvent[]): bigint[] {
  const keyIds = new Set<bigint>();
  for (const { payload } of events) {
    const form = textIn(payload)?.form;
    const keyId = form?.$case === 'sealed' ? keyIdOf(form.value.keyId) : undefined;
    if (keyId !== undefined) keyIds.add(keyId);
  }
  return [...keyIds];
}

/** An event that cannot be read is found by the comparison. */
function textIn(payload: Uint8Array): SealedText | undefined {
  try {
    const value = Event.decode(payload).body?.value;
    if (value === undefined) return undefined;
    if ('owner' in value) return value.owner;
    if ('reference' in value) return value.reference;
    return 'reason' in value ? value.reason : undefined;
  } catch {
    return undefined;
  }
}
