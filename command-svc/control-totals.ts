/**
 * Control totals: what a file's own trailer says of it, held against what is stored before a
 * submission is closed. The first difference counts, items before amounts. Pure.
 */
import { status } from '@grpc/grpc-js';
import { invalidArgument, refusal, type RpcError } from '#platform/grpc-errors.ts';
import type { ControlTotals } from '#proto/bank/v1/bulk_service.ts';
import { CONTROL_AMOUNTS_MAX } from './bounds.ts';
import { currencyRule, NONE, note, type Violations } from './field-rules.ts';
import type { StoredSubmission } from './sql/read-submission.ts';
import { storedItems } from './submission-summary.ts';

/** `field`: where they stand in the request. Throws INVALID_ARGUMENT. */
export function checkControlTotals(field: string, totals: ControlTotals | undefined): void {
  if (totals === undefined) return;
  const { items = 0n, amounts } = totals;
  if (amounts.length > CONTROL_AMOUNTS_MAX) {
    const description = `must be ${CONTROL_AMOUNTS_MAX} or fewer`;
    throw invalidArgument([{ field: `${field}.amounts`, description }]);
  }
  let found: Violations = note(NONE, `${field}.items`, notNegative(items));
  const named = new Set<string>();
  for (const [at, { currencyCode, minorUnits }] of amounts.entries()) {
    const path = `${field}.amounts[${at}]`;
    const again = named.has(currencyCode) ? 'must be named once' : undefined;
    found = note(found, `${path}.currency_code`, currencyRule(currencyCode) ?? again);
    found = note(found, `${path}.minor_units`, notNegative(minorUnits));
    named.add(currencyCode);
  }
  if (found.length > 0) throw invalidArgument([...found]);
}

/** Undefined: all that the totals state is so. */
export function totalsMismatch(
  submissionId: string,
  totals: ControlTotals | undefined,
  stored: StoredSubmission,
): RpcError | undefined {
  const first = totals === undefined ? undefined : firstDifference(totals, stored);
  if (first === undefined) return undefined;
  const { field, what, stated, found } = first;
  const stays = stored.closedAtMicros === undefined ? 'stays open' : 'is closed';
  const message = `submission ${submissionId} ${stays}: ${what} are ${found}, not ${stated}`;
  const metadata = { field, stated: String(stated), stored: String(found) };
  return refusal(status.FAILED_PRECONDITION, 'CONTROL_TOTALS_MISMATCH', message, { metadata });
}

type Difference = { field: string; what: string; stated: bigint; found: bigint };

function firstDifference(
  { items, amounts }: ControlTotals,
  stored: StoredSubmission,
): Difference | undefined {
  const storedCount = storedItems(stored);
  if (items !== undefined && items !== storedCount) {
    return { field: 'items', what: 'its items', stated: items, found: storedCount };
  }
  const sums = new Map(stored.amounts.map((sum) => [sum.currencyCode, sum.minorUnits]));
  for (const { currencyCode, minorUnits: stated } of amounts) {
    const found = sums.get(currencyCode) ?? 0n;
    if (found === stated) continue;
    const field = `amounts.${currencyCode}`;
    return { field, what: `its minor units of ${currencyCode}`, stated, found };
  }
  return undefined;
}

function notNegative(value: bigint): string | undefined {
  return value < 0n ? 'must be 0 or more' : undefined;
}
