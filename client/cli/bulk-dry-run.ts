/**
 * `bank bulk --dry-run`: what would become of each line now, told while the file is read, and the
 * totals. Nothing is stored. Items of one message see each other's effects, those of different
 * messages do not.
 */
import type { OpenAccountRequest } from '#proto/bank/v1/account_command_service.ts';
import { DepositRequest } from '#proto/bank/v1/account_command_service.ts';
import type { DepositItem } from '#proto/bank/v1/bulk_service.ts';
import type { Money } from '#proto/bank/v1/money.ts';
import type { Operation } from '#proto/bank/v1/operation.ts';
import type { ItemResult } from '#proto/bank/v1/submission.ts';
import type { Bank } from '../connect-bank.ts';
import { formatMoney } from '../money.ts';
import { numberedLines, type BulkFile } from './bulk-file.ts';
import { BULK_LIMITS } from './bulk-limits.ts';
import { openOutcomes, type Outcome } from './bulk-outcomes.ts';
import type { BulkPlan } from './bulk-plan.ts';
import { MALFORMED_LINE } from './bulk-rejects.ts';
import type { Report } from './bulk-report.ts';
import type { CommandContext } from './command-context.ts';

export type DryRun = { readonly report: Report; readonly refused: number };

/** Of the items that have no answer yet; the client bounds how many those are. */
type Waiting = Map<number, { line: number; accountId: string; amount: Money | undefined }>;
type Counts = { items: bigint; accepted: bigint; rejected: bigint; malformed: bigint };

export async function dryRun(bank: Bank, plan: BulkPlan, context: CommandContext): Promise<DryRun> {
  const outcomes = openOutcomes(context);
  const waiting: Waiting = new Map();
  const counts: Counts = { items: 0n, accepted: 0n, rejected: 0n, malformed: 0n };
  const amounts = new Map<string, bigint>();
  const malformed = async (line: number, message: string) => {
    counts.malformed += 1n;
    await outcomes.write({ line, accountId: '', amount: '', reason: MALFORMED_LINE, message });
  };
  const operations =
    plan.kind === 'deposits'
      ? operationsOf(plan.file, depositOperation, waiting, malformed)
      : operationsOf(plan.file, openOperation, waiting, malformed);
  const results = bank.bulkSubmit(operations, {
    submissionId: plan.submissionId,
    validateOnly: true,
    messageItems: BULK_LIMITS.dryRunMessageItems,
    signal: context.signal,
  });
  for await (const result of results) {
    const index = Number(result.itemIndex);
    const item = waiting.get(index);
    waiting.delete(index);
    counts.items += 1n;
    counts[result.outcome?.$case === 'rejection' ? 'rejected' : 'accepted'] += 1n;
    if (result.outcome?.$case === 'receipt' && item?.amount !== undefined) {
      const { currencyCode, minorUnits } = item.amount;
      amounts.set(currencyCode, (amounts.get(currencyCode) ?? 0n) + minorUnits);
    }
    await outcomes.write(outcomeOf(result, item));
  }
  const sums = [...amounts].map(([currencyCode, minorUnits]) =>
    formatMoney({ currencyCode, minorUnits }),
  );
  const report = { dry_run: 'nothing is stored', ...counts, amounts: sums };
  await outcomes.close(report);
  return { report, refused: Number(counts.rejected + counts.malformed) };
}

async function* operationsOf<Item extends { accountId: string; amount?: Money | undefined }>(
  file: BulkFile<Item>,
  operation: (item: Item) => Operation,
  waiting: Waiting,
  malformed: (line: number, message: string) => Promise<void>,
): AsyncGenerator<Operation, void, void> {
  for await (const chunk of numberedLines(file).chunks) {
    for (const { line, item, index, problem } of chunk) {
      if (item === undefined) await malformed(line, problem);
      else {
        waiting.set(index, { line, accountId: item.accountId, amount: item.amount });
        yield operation(item);
      }
    }
  }
}

function depositOperation(item: DepositItem): Operation {
  return { command: { $case: 'deposit', value: DepositRequest.fromPartial(item) } };
}

function openOperation(value: OpenAccountRequest): Operation {
  return { command: { $case: 'openAccount', value } };
}

type Answered = { line: number; accountId: string; amount: Money | undefined } | undefined;

function outcomeOf({ outcome }: ItemResult, item: Answered): Outcome {
  const { line = 0, accountId = '', amount } = item ?? {};
  const text = amount === undefined ? '' : formatMoney(amount);
  const accepted = { line, accountId, amount: text, reason: '', message: '' };
  if (outcome?.$case !== 'rejection') return accepted;
  const { reason, message } = outcome.value;
  return { ...accepted, reason, message };
}
