/**
 * What the services answered against the expectation: the receipt's counts and sums, the refusals
 * by reason, the lines without an item, and what was acknowledged.
 */
import { countByReason, type Expectation } from './expectation.ts';
import { createFindings } from './findings.ts';
import type { RejectionsByReason } from './rejections.ts';
import type { PayrollRun } from './run-payroll.ts';

const KIND = 'answers';

export function compareAnswers(
  run: PayrollRun,
  rejections: RejectionsByReason,
  expected: Expectation,
): string[] {
  const findings = createFindings();
  const { submission } = run.upload.receipt;
  const { accepted, replayed, acceptedAmounts } = expected;
  findings.equal(KIND, 'accepted', submission?.accepted, BigInt(accepted));
  findings.equal(KIND, 'rejected', submission?.rejected, BigInt(expected.rejections.size));
  findings.equal(KIND, 'replayed', submission?.replayed, BigInt(replayed.size));
  findings.equal(KIND, 'acknowledged', run.acknowledged, accepted);
  findings.equal(KIND, 'lines that are no item', run.lineErrors.count, expected.lineErrors.length);
  const sums = new Map(
    submission?.acceptedAmounts.map(({ currencyCode, minorUnits }) => [currencyCode, minorUnits]),
  );
  for (const code of new Set([...sums.keys(), ...acceptedAmounts.keys()])) {
    findings.equal(KIND, `accepted ${code}`, sums.get(code) ?? 0n, acceptedAmounts.get(code) ?? 0n);
  }
  const wanted = countByReason(expected.rejections.values());
  for (const reason of new Set([...rejections.keys(), ...wanted.keys()])) {
    const found = rejections.get(reason)?.count ?? 0;
    findings.equal(KIND, `rejected as ${reason}`, found, wanted.get(reason) ?? 0);
  }
  return findings.differences();
}
