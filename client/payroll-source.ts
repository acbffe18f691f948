/**
 * A payroll file as the source of an upload: it can be read again from any item on, and tells of
 * each line that is no deposit once, however often it is read.
 */
import type { DepositItem } from '#proto/bank/v1/bulk_service.ts';
import type { ItemSource } from './bulk-messages.ts';
import { readPayroll, type LineError } from './payroll-file.ts';

export function payrollSource(
  path: string,
  onLineError: (error: LineError) => void,
): ItemSource<DepositItem> {
  let toldLine = 0;
  const tell = (error: LineError) => {
    if (error.line <= toldLine) return;
    toldLine = error.line;
    onLineError(error);
  };
  return async function* (fromIndex) {
    let skip = fromIndex;
    for await (const { deposits, errors } of readPayroll(path)) {
      errors.forEach(tell);
      const skipped = Math.min(skip, deposits.length);
      skip -= skipped;
      if (skipped < deposits.length) yield skipped === 0 ? deposits : deposits.slice(skipped);
    }
  };
}
