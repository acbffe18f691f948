// How a notice (NOTIFY) names what has changed: by a hash of its bytes, so that a notice of many
// stays small. Two things that share a hash are woken together, which does no harm. PostgreSQL
// takes payloads below 8,000 bytes: a notice of more than fits names everyone.
import { fnv1a } from './partitioning.ts';

export const EVERYONE = '*';
/** Eight digits and a comma each. */
export const NOTICE_NAMES_MAX = 800;

export function noticeName(bytes: Uint8Array): string {
  return fnv1a(bytes).toString(16);
}

export function joinNames(names: ReadonlySet<string>): string {
  if (names.has(EVERYONE) || names.size > NOTICE_NAMES_MAX) return EVERYONE;
  return [...names].filter((name) => name !== '').join(',');
}

/** Undefined: everyone. */
export function namesOf(notice: string): readonly string[] | undefined {
  const names = notice.split(',').filter((name) => name !== '');
  return names.includes(EVERYONE) ? undefined : names;
}
