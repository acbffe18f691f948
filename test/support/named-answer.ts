/**
 * An answer as text, without what differs from call to call by itself, and with the ids of its
 * ground replaced by their roles: answers about different ids can be compared.
 */
import { isUuid, uuidToBytes } from '#platform/uuid.ts';

/** Differ from call to call by themselves; a list of such a name is no count, and stays. */
const VOLATILE = new Set(
  [
    'stored_at created_at closed_at projected_at opened_at updated_at recorded_at observed_at',
    'resume_token traceparent partition seq lease_id expires_at',
    'started_at estimated_caught_up_at events events_total events_per_second',
  ].flatMap((names) => names.split(' ')),
);

export function named(ground: Readonly<Record<string, string>>, value: unknown): string {
  let text = JSON.stringify(value, (key, inner: unknown) => {
    if (VOLATILE.has(key) && !Array.isArray(inner)) return undefined;
    return typeof inner === 'bigint' ? String(inner) : inner;
  });
  for (const [name, id] of Object.entries(ground)) {
    if (id === '') continue;
    text = text.replaceAll(id, `<${name}>`);
    if (isUuid(id)) text = text.replaceAll(inBase64(id), `<${name}>`);
  }
  return text;
}

/** As JSON has an id that a stored message holds in 16 bytes. */
function inBase64(id: string): string {
  return Buffer.from(uuidToBytes(id)).toString('base64');
}
