/**
 * Payrolls from a seed: accounts and a file of deposits with realistic dirt, each item with the
 * outcome that the contract promises for it. The outcome is worked out here from the file alone, in
 * item order, and shares no code with the services: what the checks compare the ledger with.
 */
import type { Random } from '#test/support/random.ts';

export type Outcome =
  | 'accepted'
  | 'replayed'
  | 'INVALID_ITEM'
  | 'ACCOUNT_NOT_FOUND'
  | 'CURRENCY_MISMATCH'
  | 'OPERATION_ID_REUSED';

export type PayrollAccount = { accountId: string; currencyCode: string; owner: string };

export type PayrollItem = {
  accountId: string;
  currencyCode: string;
  amountMinor: bigint;
  /** Empty for none. */
  operationId: string;
  reference: string;
  valueDate: string;
  outcome: Outcome;
};

export type Payroll = {
  submissionId: string;
  accounts: PayrollAccount[];
  items: PayrollItem[];
};

export type PayrollOptions = {
  accounts: number;
  items: number;
  /** What part of the items is dirty, 0 to 1. */
  dirt?: number;
  /** What part of the clean items carries an operation id of its own. */
  operationIds?: number;
  submissionId?: string;
};

const CURRENCIES = ['EUR', 'EUR', 'EUR', 'CHF', 'JPY'];
const DIRT = [
  'unknown account',
  'malformed account',
  'wrong currency',
  'zero',
  'negative',
  'repeated operation',
  'reused operation',
] as const;

export function makePayroll(random: Random, options: PayrollOptions): Payroll {
  const accounts = Array.from({ length: options.accounts }, (_, n) => ({
    accountId: random.uuid(),
    currencyCode: random.pick(CURRENCIES),
    owner: `Owner ${n}`,
  }));
  const submissionId = options.submissionId ?? `payroll-${random.uuid()}`;
  const items: PayrollItem[] = [];
  for (let n = 0; n < options.items; n++) {
    const clean = cleanItem(random, random.pick(accounts), n, options.operationIds ?? 0);
    const dirty = random.next() < (options.dirt ?? 0);
    items.push(dirty ? soil(random, clean, items) : clean);
  }
  return { submissionId, accounts, items };
}

/** A part of a payroll as a submission of its own, to the same accounts. */
export function partOf(whole: Payroll, from: number, end: number): Payroll {
  const submissionId = `${whole.submissionId}-${from}`;
  return { ...whole, submissionId, items: whole.items.slice(from, end) };
}

/** The submission that undoes a payroll: an item for each accepted one, which takes it back. */
export function reversalOf({ submissionId, accounts, items }: Payroll, reason: string): Payroll {
  const undone = { operationId: '', reference: reason, valueDate: '' };
  return {
    submissionId: `${submissionId}-reversed`,
    accounts,
    items: items
      .filter(({ outcome }) => outcome === 'accepted')
      .map((item) => ({ ...item, ...undone, amountMinor: -item.amountMinor })),
  };
}

/** What each account of the payroll holds when exactly the accepted items were applied. */
export function expectedBalances(payrolls: readonly Payroll[]): Map<string, bigint> {
  const balances = new Map<string, bigint>();
  for (const { accounts } of payrolls) {
    for (const { accountId } of accounts) balances.set(accountId, 0n);
  }
  for (const { items } of payrolls) {
    for (const { accountId, amountMinor, outcome } of items) {
      if (outcome !== 'accepted') continue;
      balances.set(accountId, (balances.get(accountId) ?? 0n) + amountMinor);
    }
  }
  return balances;
}

export function countOutcome(items: readonly PayrollItem[], outcome: Outcome): number {
  return items.filter((item) => item.outcome === outcome).length;
}

function cleanItem(
  random: Random,
  account: PayrollAccount,
  n: number,
  operationIds: number,
): PayrollItem {
  return {
    accountId: account.accountId,
    currencyCode: account.currencyCode,
    amountMinor: BigInt(1 + random.below(500_000)),
    operationId: random.next() < operationIds ? random.uuid() : '',
    reference: `salary ${n}`,
    valueDate: random.next() < 0.5 ? '' : '2026-11-25',
    outcome: 'accepted',
  };
}

function soil(random: Random, item: PayrollItem, before: readonly PayrollItem[]): PayrollItem {
  const executed = before.filter((one) => one.operationId !== '' && one.outcome === 'accepted');
  const dirt = random.pick(executed.length === 0 ? DIRT.slice(0, 5) : DIRT);
  switch (dirt) {
    case 'unknown account':
      return { ...item, accountId: random.uuid(), outcome: 'ACCOUNT_NOT_FOUND' };
    case 'malformed account':
      return { ...item, accountId: `DE${random.below(1e9)}`, outcome: 'INVALID_ITEM' };
    case 'wrong currency': {
      const currencyCode = item.currencyCode === 'USD' ? 'GBP' : 'USD';
      return { ...item, currencyCode, outcome: 'CURRENCY_MISMATCH' };
    }
    case 'zero':
      return { ...item, amountMinor: 0n, outcome: 'INVALID_ITEM' };
    case 'negative':
      return { ...item, amountMinor: -item.amountMinor, outcome: 'INVALID_ITEM' };
    case 'repeated operation':
      return { ...random.pick(executed), outcome: 'replayed' };
    case 'reused operation': {
      const used = random.pick(executed);
      const amountMinor = used.amountMinor + 1n;
      return { ...used, amountMinor, outcome: 'OPERATION_ID_REUSED' };
    }
  }
}
