/**
 * An accepted command written down in the model, and what it is answered. When the end of a passed
 * hold is written down is not the command's to say, but when it draws on the account: so how many
 * have ended is read from the version in the receipt, and held against what may be.
 */
import {
  availableOf,
  accountIn,
  balanceOf,
  endPassed,
  newAccount,
  passedHolds,
  versionOf,
  type Account,
  type Answer,
  type Bank,
  type Operation,
  type Place,
  type Told,
} from '#test/support/bank-model.ts';
import type { Part, Plan, Writing } from '#test/support/bank-model-rules.ts';
import { accountIdOf, contentOf, type Verdict } from '#test/support/bank-model-verdict.ts';
import type { CommandRequest } from '#test/support/command-calls.ts';

/** What the service's answer tells: its versions say which holds have ended. */
export type Seen = {
  readonly version: bigint | undefined;
  readonly otherVersion: bigint | undefined;
  readonly storedAt: bigint | undefined;
};

/** Nothing: passed holds end as late as they may. */
export const UNSEEN: Seen = { version: undefined, otherVersion: undefined, storedAt: undefined };

function book(bank: Bank, command: CommandRequest, plan: Plan, seen: Seen): Answer {
  const own = startPart(bank, plan.own, seen.version);
  const other = plan.other && startPart(bank, plan.other, seen.otherVersion);
  const { operationId } = command.value;
  const [ownLeg, otherLeg] = [
    legOf(own, plan.own),
    other && plan.other && legOf(other, plan.other),
  ];
  write(own, plan.own, operationId, otherLeg);
  if (other && plan.other) write(other, plan.other, '', ownLeg);
  const { storedAt } = seen;
  const answer = {
    receipt: receiptOf(own, operationId, storedAt),
    other: other && receiptOf(other, operationId, storedAt),
    left: plan.own.writes.find(({ hold }) => hold !== undefined)?.hold?.left,
  };
  if (operationId !== '') {
    const content = contentOf(command);
    own.operations.set(operationId, { content, version: own.entries.length, answer });
  }
  return answer;
}

/** The answer that the model expects, if the command is not refused. */
export function answered(
  bank: Bank,
  command: CommandRequest,
  verdict: Exclude<Verdict, { readonly kind: 'refused' }>,
  seen: Seen,
): Answer {
  if (verdict.kind === 'replayed') return toldAgain(verdict.operation);
  if (!command.value.validateOnly) {
    return book(bank, command, verdict.plan, { ...seen, storedAt: seen.storedAt ?? 0n });
  }
  return book(structuredClone(bank), command, verdict.plan, { ...seen, storedAt: undefined });
}

/** An operation that was executed before, told again. */
function toldAgain({ answer }: Operation): Answer {
  const { receipt, other, left } = answer;
  return {
    receipt: { ...receipt, replayed: true },
    other: other && { ...other, replayed: true },
    left,
  };
}

/** The command's account as the bank has it, for lists of what happened. */
export const accountOf = (bank: Bank, command: CommandRequest): Account =>
  accountIn(bank, accountIdOf(command));

function startPart(bank: Bank, part: Part, version: bigint | undefined): Account {
  let account = bank.get(part.accountId);
  if (account === undefined) {
    const currency = part.writes[0]?.opens ?? '';
    account = newAccount(part.accountId, currency);
    bank.set(part.accountId, account);
  }
  const passed = passedHolds(account).length;
  endPassed(account, part.draws ? passed : endedBetween(account, part, version, passed));
  return account;
}

/** How many passed holds have ended since the last look, if the version can be explained so. */
function endedBetween(
  account: Account,
  { writes }: Part,
  version: bigint | undefined,
  passed: number,
): number {
  if (version === undefined) return 0;
  const more = Number(version - versionOf(account)) - writes.length;
  return more > 0 && more <= passed ? more : 0;
}

function legOf({ id, entries }: Account, { writes }: Part): Place | undefined {
  const at = writes.findIndex(({ isLeg }) => isLeg === true);
  return at < 0 ? undefined : { accountId: id, version: entries.length + at + 1 };
}

function write(account: Account, part: Part, operationId: string, pair: Place | undefined): void {
  const last = part.writes.length - 1;
  for (const [at, writing] of part.writes.entries()) {
    const { type, change = 0n, undoes, isLeg } = writing;
    const undone = account.entries[(undoes ?? 0) - 1];
    if (undone !== undefined) undone.isUndone = true;
    account.entries.push({
      type,
      change,
      operationId: at === last ? operationId : '',
      pair: isLeg === true ? pair : undefined,
      undoes,
      isUndone: false,
    });
    setWhatIsSaid(account, writing);
  }
}

function setWhatIsSaid(account: Account, { limit, stops, closes, hold }: Writing): void {
  account.limit = limit ?? account.limit;
  account.noDebits = stops?.debits ?? account.noDebits;
  account.noCredits = stops?.credits ?? account.noCredits;
  account.isClosed ||= closes === true;
  if (hold === undefined) return;
  const known = account.holds.find(({ id }) => id === hold.id);
  if (known === undefined) account.holds.push({ ...hold, hasPassed: false });
  else Object.assign(known, { left: hold.left, end: hold.end });
}

function receiptOf(account: Account, operationId: string, storedAt: bigint | undefined): Told {
  return {
    accountId: account.id,
    operationId,
    currency: account.currency,
    version: versionOf(account),
    balance: balanceOf(account),
    available: availableOf(account),
    replayed: false,
    storedAt,
  };
}
