/**
 * What a comparison of the projection with the events has found, line by line, and whether all that
 * was asked for was compared. Reads nothing itself: everything comes in as data.
 */
import type { Money } from '#proto/bank/v1/money.ts';
import type { ReconcileResponse, ReconcileTotals } from '#proto/bank/v1/projector_service.ts';

export function reconcileLine(part: NonNullable<ReconcileResponse['part']>): string {
  if (part.$case === 'totals') return totalsText(part.value);
  if (part.$case === 'progress') {
    const { accounts, events, accountsTotal } = part.value;
    return `  ${accounts} of about ${accountsTotal} accounts, ${events} events`;
  }
  const { accountId, version, kind, expected, found } = part.value;
  const where = accountId === '' ? '' : ` account ${accountId} version ${version}`;
  return `${kind}${where}: expected ${expected || 'nothing'}, found ${found || 'nothing'}`;
}

/** An account that neither side has is no account that is right. */
export function uncomparedAccounts(
  { accounts }: ReconcileTotals,
  asked: readonly string[],
): number {
  return Math.max(0, new Set(asked.map((id) => id.toLowerCase())).size - Number(accounts));
}

/** By currency. What is beyond int64 comes in several parts. */
export function wholeSums(parts: readonly Money[]): Map<string, bigint> {
  const sums = new Map<string, bigint>();
  for (const { currencyCode, minorUnits } of parts) {
    sums.set(currencyCode, (sums.get(currencyCode) ?? 0n) + minorUnits);
  }
  return sums;
}

function totalsText({ accounts, events, findings, ...sums }: ReconcileTotals): string {
  const text = (parts: readonly Money[]): string =>
    [...wholeSums(parts)].map(([code, minor]) => `${code} ${minor}`).join(', ') || '-';
  return [
    `${accounts} accounts, ${events} events, ${findings} findings`,
    `  by the events:     ${text(sums.eventSums)}`,
    `  by the projection: ${text(sums.projectionSums)}`,
  ].join('\n');
}
