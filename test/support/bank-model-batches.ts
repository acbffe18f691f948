/** Direct batches of a run: commands together in one call, all or nothing or each for itself. */
import { BatchMode, BulkServiceService as BULK } from '#proto/bank/v1/bulk_service.ts';
import type { SubmitBatchRequest, SubmitBatchResponse } from '#proto/bank/v1/bulk_service.ts';
import type { ItemResult } from '#proto/bank/v1/submission.ts';
import { accountIn, passedHolds, type Bank } from '#test/support/bank-model.ts';
import {
  AGAIN,
  refusal,
  refusalText,
  saidOf,
  toldBy,
  toldText,
  type Said,
} from '#test/support/bank-model-answers.ts';
import { answered, UNSEEN, type Seen } from '#test/support/bank-model-booking.ts';
import { countVerdict } from '#test/support/bank-model-commands.ts';
import { count } from '#test/support/bank-model-counts.ts';
import { lineOf } from '#test/support/bank-model-names.ts';
import { requestOf } from '#test/support/bank-model-requests.ts';
import type { BatchStep } from '#test/support/bank-model-steps.ts';
import { compare, type Run } from '#test/support/bank-model-transcript.ts';
import { verdictOf, type Verdict } from '#test/support/bank-model-verdict.ts';
import type { CommandRequest } from '#test/support/command-calls.ts';
import type { CommandReplica } from '#test/support/command-replicas.ts';
import { callUnary } from '#test/support/intake-replica.ts';

/** A batch that was sent; `results`: what is stored of it, undefined when it was refused whole. */
export type SentBatch = {
  readonly submissionId: string;
  readonly commands: readonly CommandRequest[];
  readonly atomic: boolean;
  readonly results: readonly string[] | undefined;
};

export async function sendBatch(
  run: Run,
  replica: CommandReplica,
  { atomic, steps }: BatchStep,
  where: string,
): Promise<SentBatch | undefined> {
  const commands = commandsOf(run, steps);
  if (commands.length === 0) return undefined;
  const submissionId = run.names.newId('s');
  return sendNew(run, replica, { submissionId, commands, atomic, results: undefined }, where);
}

/** The same again; `otherMode` where the model knows what that gives. */
export async function sendBatchAgain(
  run: Run,
  replica: CommandReplica,
  batch: SentBatch,
  otherMode: boolean,
  where: string,
): Promise<SentBatch> {
  const { results, atomic, commands } = batch;
  if (results === undefined) {
    count(run.counts, 'submitBatch', 'ATOMIC again after a refusal');
    return sendNew(run, replica, batch, where);
  }
  const hasRefused = results.some((result) => result.includes('refused'));
  const asAtomic = otherMode && (atomic || hasRefused) ? !atomic : atomic;
  const said = await submit(replica, { ...batch, atomic: asAtomic });
  const what = `${modeOf(asAtomic)} ${run.names.nameOf(batch.submissionId)} again ${where}`;
  const isOther = asAtomic !== atomic;
  const closed = isOther && asAtomic;
  const branch = isOther
    ? closed
      ? 'ATOMIC over PER_ITEM: SUBMISSION_CLOSED'
      : 'PER_ITEM over ATOMIC'
    : `${modeOf(atomic)} again`;
  count(run.counts, 'submitBatch', branch);
  const sums = sumsText({ duplicate: commands.length });
  const expected = [...results.map((result) => `${result}, a duplicate`), sums].join('\n         ');
  const refused = refusalText(refusal('SUBMISSION_CLOSED'));
  compare(run, what, saidText(run, said), closed ? refused : expected);
  return batch;
}

const modeOf = (atomic: boolean): string => (atomic ? 'ATOMIC' : 'PER_ITEM');

/**
 * Each made on the bank as the ones before it leave it. Left out: what would move an account's
 * passed holds out of sight, a leg in another account.
 */
function commandsOf(run: Run, steps: BatchStep['steps']): CommandRequest[] {
  const bank = structuredClone(run.bank);
  return steps.flatMap((step) => {
    const command = requestOf(step, { ...run, bank });
    if (command === undefined) return [];
    const verdict = itemVerdict(bank, command);
    if (verdict.kind !== 'accepted') return [command];
    const { other } = verdict.plan;
    if (other && passedHolds(accountIn(bank, other.accountId)).length > 0) return [];
    answered(bank, command, verdict, UNSEEN);
    return [command];
  });
}

/** A trial is malformed here. */
function itemVerdict(bank: Bank, command: CommandRequest): Verdict {
  const verdict = verdictOf(bank, command, Date.now());
  const isMalformed = verdict.kind === 'refused' && verdict.reason === 'INVALID_ARGUMENT';
  if (!command.value.validateOnly && !isMalformed) return verdict;
  return { kind: 'refused', reason: 'INVALID_ITEM', whose: undefined };
}

async function sendNew(
  run: Run,
  replica: CommandReplica,
  batch: SentBatch,
  where: string,
): Promise<SentBatch> {
  const said = await submit(replica, batch);
  const { atomic, commands, submissionId } = batch;
  const lines = commands.map((command) => `\n      ${lineOf(command, run.names)}`).join('');
  const what = `${modeOf(atomic)} ${run.names.nameOf(submissionId)} ${where}${lines}`;
  const refused = atomic ? refusalOf(run, commands) : undefined;
  if (refused !== undefined) {
    count(run.counts, 'submitBatch', 'ATOMIC refused');
    compare(run, what, saidText(run, said), refused);
    return { ...batch, results: undefined };
  }
  const given = 'answer' in said ? said.answer.results : [];
  const results = commands.map((command, n) => resultOf(run, command, n, given[n]));
  const rejected = results.filter((result) => result.includes('refused')).length;
  const replayed = results.filter((result) => result.endsWith(AGAIN)).length;
  const accepted = results.length - rejected - replayed;
  const sums = sumsText({ accepted, rejected, replayed });
  compare(run, what, saidText(run, said), [...results, sums].join('\n         '));
  const branch = rejected > 0 ? 'PER_ITEM with refusals' : `${modeOf(atomic)} stored`;
  count(run.counts, 'submitBatch', branch);
  return { ...batch, results };
}

/** The first item that is refused, as the ones before it leave the bank. */
function refusalOf(run: Run, commands: readonly CommandRequest[]): string | undefined {
  const bank = structuredClone(run.bank);
  for (const [n, command] of commands.entries()) {
    const verdict = itemVerdict(bank, command);
    if (verdict.kind === 'refused') return refusalText(refusal(verdict.reason, String(n)));
    answered(bank, command, verdict, UNSEEN);
  }
  return undefined;
}

/** What the model expects of the item, which it writes down. */
function resultOf(
  run: Run,
  command: CommandRequest,
  index: number,
  given: ItemResult | undefined,
): string {
  const { bank, names, counts } = run;
  const verdict = itemVerdict(bank, command);
  if (command.value.validateOnly) count(counts, 'submitBatch', 'a trial inside');
  else if (verdict.kind !== 'refused' || verdict.reason !== 'INVALID_ITEM') {
    countVerdict(run, command, verdict);
  }
  if (verdict.kind === 'refused') return `${index} refused: ${verdict.reason}`;
  const told = given?.outcome?.$case === 'receipt' ? toldBy(given.outcome.value) : undefined;
  const seen: Seen = { ...UNSEEN, version: told?.version, storedAt: told?.storedAt };
  return `${index} ${toldText(answered(bank, command, verdict, seen).receipt, names)}`;
}

function submit({ bulk }: CommandReplica, batch: SentBatch): Promise<Said<SubmitBatchResponse>> {
  const { submissionId, commands, atomic } = batch;
  const request: SubmitBatchRequest = {
    submissionId,
    mode: atomic ? BatchMode.BATCH_MODE_ATOMIC : BatchMode.BATCH_MODE_PER_ITEM,
    operations: commands.map((command) => ({ command })),
    bulkModeLeaseId: '',
  };
  return saidOf(callUnary(bulk, BULK.submitBatch, request));
}

function saidText({ names }: Run, said: Said<SubmitBatchResponse>): string {
  if ('refused' in said) return refusalText(said.refused);
  const { results, receipt } = said.answer;
  const lines = results.map(({ itemIndex, duplicate, outcome }) => {
    const text =
      outcome?.$case === 'receipt'
        ? toldText(toldBy(outcome.value), names)
        : `refused: ${outcome?.value.reason}`;
    return `${itemIndex} ${text}${duplicate ? ', a duplicate' : ''}`;
  });
  return [...lines, sumsText(receipt ?? {})].join('\n         ');
}

type Sums = Partial<Record<'accepted' | 'rejected' | 'replayed' | 'duplicate', bigint | number>>;

function sumsText({ accepted = 0, rejected = 0, replayed = 0, duplicate = 0 }: Sums): string {
  return `${accepted} accepted, ${rejected} rejected, ${replayed} replayed, ${duplicate} duplicate`;
}
