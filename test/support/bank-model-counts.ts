/**
 * What a model test has gone through: for each command, how often it was accepted, and refused for
 * which reason. Every branch of the model has a name here; a test that is long enough must reach
 * each of them.
 */
export type Counts = Map<string, Map<string, number>>;

const REPEATED = ['replayed', 'OPERATION_ID_REUSED'];
const STANDING = ['ACCOUNT_NOT_FOUND', 'VERSION_MISMATCH', 'ACCOUNT_CLOSED'];
const EVERY = ['validated', ...REPEATED, ...STANDING];
const OF_AMOUNT = ['INVALID_ARGUMENT', 'CURRENCY_MISMATCH', 'ACCOUNT_FROZEN'];
const DEBIT = [...OF_AMOUNT, 'INSUFFICIENT_FUNDS'];
const OTHER_TAKES = [
  'ACCOUNT_NOT_FOUND of the other account',
  'ACCOUNT_CLOSED of the other account',
  'CURRENCY_MISMATCH of the other account',
  'ACCOUNT_FROZEN of the other account',
  'BALANCE_OVERFLOW of the other account',
];

const BRANCHES: Readonly<Record<string, readonly string[]>> = {
  openAccount: ['accepted', 'validated', ...REPEATED, 'ACCOUNT_EXISTS'],
  deposit: ['accepted', ...EVERY, ...OF_AMOUNT, 'BALANCE_OVERFLOW'],
  withdraw: ['accepted', ...EVERY, ...DEBIT],
  transfer: ['accepted', ...EVERY, ...DEBIT, ...OTHER_TAKES],
  placeHold: ['accepted: for ever', 'accepted: for a time', ...EVERY, ...DEBIT, 'HOLD_EXISTS'],
  captureHold: [
    'accepted: whole',
    'accepted: in part',
    'accepted: in part, rest released',
    ...EVERY,
    ...DEBIT,
    'HOLD_NOT_FOUND',
    'HOLD_EXPIRED',
  ],
  releaseHold: ['accepted', 'accepted: frozen', ...EVERY, 'HOLD_NOT_FOUND', 'HOLD_EXPIRED'],
  setOverdraftLimit: [
    'accepted',
    ...EVERY,
    'INVALID_ARGUMENT',
    'CURRENCY_MISMATCH',
    'INSUFFICIENT_FUNDS',
    'BALANCE_OVERFLOW',
  ],
  freezeAccount: [
    'accepted: both',
    'accepted: debits',
    'accepted: credits',
    ...EVERY,
    'INVALID_ARGUMENT',
  ],
  unfreezeAccount: ['accepted', ...EVERY, 'INVALID_ARGUMENT'],
  closeAccount: [
    'accepted: empty',
    'accepted: swept',
    'accepted: nothing to sweep',
    ...EVERY,
    'INVALID_ARGUMENT',
    'ACCOUNT_FROZEN',
    'BALANCE_NOT_ZERO',
    ...OTHER_TAKES,
  ],
  reverseOperation: [
    ...['deposit', 'withdrawal', 'capture', 'transfer'].map((what) => `accepted: ${what}`),
    ...EVERY,
    'OPERATION_NOT_FOUND',
    'ALREADY_REVERSED',
    'ACCOUNT_FROZEN',
    'INSUFFICIENT_FUNDS',
    'BALANCE_OVERFLOW',
    'ACCOUNT_CLOSED of the other account',
    'ACCOUNT_FROZEN of the other account',
    'INSUFFICIENT_FUNDS of the other account',
  ],
  submitBatch: [
    'ATOMIC stored',
    'ATOMIC refused',
    'PER_ITEM stored',
    'PER_ITEM with refusals',
    'ATOMIC again',
    'ATOMIC again after a refusal',
    'PER_ITEM again',
    'PER_ITEM over ATOMIC',
    'ATOMIC over PER_ITEM: SUBMISSION_CLOSED',
    'a trial inside',
  ],
  getOperation: ['found', 'OPERATION_NOT_FOUND'],
  'a hold that passed': ['waited for', 'its money drawn'],
};

export function count(counts: Counts, what: string, branch: string): void {
  const branches = counts.get(what) ?? new Map<string, number>();
  counts.set(what, branches.set(branch, (branches.get(branch) ?? 0) + 1));
}

export const countOf = (counts: Counts, what: string, branch: string): number =>
  counts.get(what)?.get(branch) ?? 0;

/** Branches that were never reached, and such as have no name. */
export function branchProblems(counts: Counts): string[] {
  const missed = Object.entries(BRANCHES).flatMap(([what, branches]) =>
    branches
      .filter((branch) => countOf(counts, what, branch) === 0)
      .map((branch) => `never reached: ${what} ${branch}`),
  );
  const unnamed = [...counts].flatMap(([what, branches]) =>
    [...branches.keys()]
      .filter((branch) => BRANCHES[what]?.includes(branch) !== true)
      .map((branch) => `has no name: ${what} ${branch}`),
  );
  return [...missed, ...unnamed];
}

/** One line a command, then the rarest branches. */
export function table(counts: Counts): string {
  const named = Object.entries(BRANCHES).map(([what, branches]) => {
    const each = branches.map((branch) => `${branch} ${countOf(counts, what, branch)}`);
    const total = [...(counts.get(what)?.values() ?? [])].reduce((sum, n) => sum + n, 0);
    return `| ${what} | ${total} | ${each.join(', ')} |`;
  });
  const head = ['| command | times | accepted, refused by reason |', '|---|---|---|'];
  return [...head, ...named, `rarest: ${rarest(counts).join('; ')}`].join('\n');
}

const RAREST = 5;

function rarest(counts: Counts): string[] {
  return Object.entries(BRANCHES)
    .flatMap(([what, branches]) =>
      branches.map((branch) => ({ name: `${what} ${branch}`, n: countOf(counts, what, branch) })),
    )
    .toSorted((a, b) => a.n - b.n)
    .slice(0, RAREST)
    .map(({ name, n }) => `${name} ${n}`);
}
