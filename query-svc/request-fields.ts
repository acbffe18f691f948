/**
 * The rules of the queries' request fields. Each check adds its violation, naming field and rule,
 * so that one answer tells a caller all that is wrong.
 */
import { isCurrencyCode } from '#platform/currencies.ts';
import { isDate } from '#platform/dates.ts';
import type { FieldViolation } from '#platform/grpc-errors.ts';
import { isTimestamp, SECONDS_MAX } from '#platform/timestamps.ts';
import { canonicalUuid } from '#platform/uuid.ts';
import type { Timestamp } from '#proto/google/protobuf/timestamp.ts';
import {
  LABEL_KEY_CHARACTERS_MAX,
  LABEL_VALUE_CHARACTERS_MAX,
  LABELS_MAX,
  PAGE_SIZE_DEFAULT,
  PAGE_SIZE_MAX,
  TEXT_CHARACTERS_MAX,
} from './config.ts';

export type Violations = FieldViolation[];

export const TOKEN_RULE = 'must be the next_page_token of a page with the same filters';
export const RESUME_TOKEN_RULE = 'must be the resume_token of a stream with the same request';

const SUBMISSION_ID = /^[A-Za-z0-9._-]{1,128}$/;
const MICROS_A_SECOND = 1_000_000n;
const NANOS_A_MICRO = 1_000;
/** The last microsecond of the year 9999. */
export const MICROS_END = (SECONDS_MAX + 1n) * MICROS_A_SECOND - 1n;

/** The id in lower case; '' when it breaks the rule. */
export function accountIdField(violations: Violations, field: string, text: string): string {
  const accountId = canonicalUuid(text);
  if (accountId === undefined) {
    const description = text === '' ? 'is required' : 'must be a UUID in text form';
    violations.push({ field, description });
  }
  return accountId ?? '';
}

export function versionField(violations: Violations, field: string, version: bigint): bigint {
  if (version < 0n) violations.push({ field, description: 'must be 0 or above' });
  return version;
}

export function pageSizeField(violations: Violations, pageSize: number): number {
  if (pageSize < 0) violations.push({ field: 'page_size', description: 'must be 0 or above' });
  return pageSize === 0 ? PAGE_SIZE_DEFAULT : Math.min(pageSize, PAGE_SIZE_MAX);
}

/**
 * The first whole microsecond at the time or behind it: what is stored is at or behind the time
 * exactly when it is at or behind that. Undefined when the field is not set or breaks the rule.
 */
export function timeField(
  violations: Violations,
  field: string,
  time: Timestamp | undefined,
): bigint | undefined {
  if (time === undefined) return undefined;
  const { seconds, nanos } = time;
  if (!isTimestamp(time)) {
    const description = 'must be a time of the years 1 to 9999, with nanos from 0 to 999999999';
    violations.push({ field, description });
    return undefined;
  }
  const micros = seconds * MICROS_A_SECOND + BigInt(Math.ceil(nanos / NANOS_A_MICRO));
  return micros < MICROS_END ? micros : MICROS_END;
}

/** Undefined when the field is empty or breaks the rule. */
export function dateField(violations: Violations, field: string, text: string): string | undefined {
  if (text === '') return undefined;
  if (isDate(text)) return text;
  violations.push({ field, description: 'must be a date that exists, written YYYY-MM-DD' });
  return undefined;
}

export function submissionIdField(violations: Violations, text: string): string | undefined {
  if (text === '') return undefined;
  if (SUBMISSION_ID.test(text)) return text;
  const description = 'must be 1 to 128 of A-Z a-z 0-9 . _ -';
  violations.push({ field: 'submission_id', description });
  return undefined;
}

export function currencyField(violations: Violations, code: string): string | undefined {
  if (code === '') return undefined;
  if (isCurrencyCode(code)) return code;
  const description = 'must be an ISO 4217 code in capitals, such as EUR';
  violations.push({ field: 'currency_code', description });
  return undefined;
}

/** A text that an account may have; empty: any. */
export function textField(violations: Violations, field: string, text: string): string | undefined {
  const description = textRule(text, TEXT_CHARACTERS_MAX);
  if (description !== undefined) violations.push({ field, description });
  return text === '' ? undefined : text;
}

/** Characters are Unicode code points. */
function textRule(text: string, max: number): string | undefined {
  if (text.length > max && (text.length > 2 * max || [...text].length > max)) {
    return `must have ${max} characters or fewer`;
  }
  return text.includes('\0') ? 'must not contain U+0000' : undefined;
}

/** Adds the violation of a list that is too long. */
export function countField(violations: Violations, field: string, count: number, max: number) {
  if (count > max) violations.push({ field, description: `must be ${max} or fewer` });
}

export function labelsField(
  violations: Violations,
  labels: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const entries = Object.entries(labels);
  countField(violations, 'labels', entries.length, LABELS_MAX);
  if (entries.some(([name]) => name === '')) {
    violations.push({ field: 'labels', description: 'a key must not be empty' });
  }
  for (const [name, value] of entries.slice(0, LABELS_MAX)) {
    const keyRule = textRule(name, LABEL_KEY_CHARACTERS_MAX);
    const valueRule = textRule(value, LABEL_VALUE_CHARACTERS_MAX);
    if (keyRule !== undefined)
      violations.push({ field: 'labels', description: `a key ${keyRule}` });
    if (valueRule !== undefined) {
      violations.push({ field: 'labels', description: `a value ${valueRule}` });
    }
  }
  return labels;
}

/** A range that ends before it begins holds nothing: surely not what was meant. */
export function rangeFields<T extends bigint | string>(
  violations: Violations,
  [fromField, from]: readonly [string, T | undefined],
  [endField, end]: readonly [string, T | undefined],
): void {
  if (from === undefined || end === undefined || end >= from) return;
  violations.push({ field: endField, description: `must not be below ${fromField}` });
}
