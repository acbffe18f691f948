/**
 * Which accounts the demo opens before the payroll. With an accounts file (CSV:
 * account_id,currency, and maybe owner), those; without one, every well-formed account of the
 * payroll, in the currency of its first line. Accounts of the payroll that are not opened are
 * unknown to the bank: their deposits are refused.
 */
import { isCurrencyCode } from '#platform/currencies.ts';
import { fileLines, lineFields } from './file-lines.ts';

export type DemoAccount = {
  /** In lower case. */
  readonly accountId: string;
  readonly currencyCode: string;
  readonly owner: string;
};

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

export async function readAccountsFile(path: string): Promise<DemoAccount[]> {
  const accounts = new Map<string, DemoAccount>();
  for await (const row of rowsOf(path, ['account_id', 'currency'])) {
    const [accountId, currencyCode] = [row.get('account_id'), row.get('currency')];
    const wrong = !UUID.test(accountId) || !isCurrencyCode(currencyCode) || accounts.has(accountId);
    if (wrong) throw new Error(`${path}, line ${row.line}: not a new account with a currency`);
    accounts.set(accountId, { accountId, currencyCode, owner: row.get('owner') });
  }
  return [...accounts.values()];
}

export async function accountsOfPayroll(path: string): Promise<DemoAccount[]> {
  const accounts = new Map<string, DemoAccount>();
  for await (const row of rowsOf(path, ['account_id', 'amount', 'currency'])) {
    const [accountId, currencyCode] = [row.get('account_id'), row.get('currency')];
    if (!UUID.test(accountId) || accounts.has(accountId) || !isCurrencyCode(currencyCode)) continue;
    accounts.set(accountId, { accountId, currencyCode, owner: '' });
  }
  return [...accounts.values()];
}

type Row = { readonly line: number; get(column: string): string };

/** The rows with as many fields as the header; account_id is given in lower case. */
async function* rowsOf(path: string, required: readonly string[]): AsyncGenerator<Row, void, void> {
  let header: string[] | undefined;
  let line = 0;
  for await (const text of fileLines(path)) {
    line++;
    const fields = lineFields(text);
    if (header === undefined) {
      header = fields ?? [];
      const missing = required.filter((name) => header?.includes(name) !== true);
      if (missing.length > 0) throw new Error(`${path}: the header names no ${missing.join(', ')}`);
      continue;
    }
    const columns = header;
    if (fields?.length !== columns.length) continue;
    const get = (column: string) => {
      const text = fields[columns.indexOf(column)] ?? '';
      return column === 'account_id' ? text.toLowerCase() : text;
    };
    yield { line, get };
  }
}
