/**
 * The rules of the queries' request fields. Each check adds its violation, naming field and rule,
 * so that one answer tells a caller all that is wrong.
 */
import type { FieldViolation } from '#platform/grpc-errors.ts';
import { canonicalUuid } from '#platform/uuid.ts';
import { PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX } from './config.ts';

/** The id in lower case; '' when it breaks the rule. */
export function accountIdField(violations: FieldViolation[], field: string, text: string): string {
  const accountId = canonicalUuid(text);
  if (accountId === undefined) {
    violations.push({ field, description: 'must be a UUID in text form' });
  }
  return accountId ?? '';
}

export function versionField(violations: FieldViolation[], field: string, version: bigint): bigint {
  if (version < 0n) violations.push({ field, description: 'must be 0 or above' });
  return version;
}

export function pageSizeField(violations: FieldViolation[], pageSize: number): number {
  if (pageSize < 0) violations.push({ field: 'page_size', description: 'must be 0 or above' });
  return pageSize === 0 ? PAGE_SIZE_DEFAULT : Math.min(pageSize, PAGE_SIZE_MAX);
}
