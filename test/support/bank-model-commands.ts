/** One command of a run: sent, its answer held against the model's, and written down there. */
import { microsFromTimestamp } from '#platform/timestamps.ts';
import { passedHolds, type Answer } from '#test/support/bank-model.ts';
import {
  answerOf,
  answerText,
  refusal,
  refusalText,
  saidOf,
  type Said,
} from '#test/support/bank-model-answers.ts';
import { accountOf, answered, UNSEEN, type Seen } from '#test/support/bank-model-booking.ts';
import { count } from '#test/support/bank-model-counts.ts';
import { lineOf } from '#test/support/bank-model-names.ts';
import { operationOf, requestOf } from '#test/support/bank-model-requests.ts';
import type { AgainStep, OneStep } from '#test/support/bank-model-steps.ts';
import { compare, type Run } from '#test/support/bank-model-transcript.ts';
import { verdictOf, type Verdict } from '#test/support/bank-model-verdict.ts';
import { accountIn } from '#test/support/bank-model.ts';
import { findOperation, send, type CommandRequest } from '#test/support/command-calls.ts';
import type { CommandReplica } from '#test/support/command-replicas.ts';
import { until } from '#test/support/until.ts';

const SOON_MS_MAX = 5_000;

export async function sendCommand(
  run: Run,
  replica: CommandReplica,
  step: OneStep | AgainStep,
  where: string,
): Promise<void> {
  const command = requestOf(step, run);
  if (command === undefined) return;
  const verdict = verdictOf(run.bank, command, Date.now());
  const said = await saidOf(send(replica, command).then(answerOf));
  const endMs = step.do === 'placeHold' && step.ends === 'soon' ? endMsOf(command) : undefined;
  if (endMs !== undefined && isTooLate(said, verdict) && run.soonMs < SOON_MS_MAX) {
    run.soonMs *= 2;
    return sendCommand(run, replica, step, where);
  }
  countVerdict(run, command, verdict);
  const seen = 'answer' in said ? seenIn(said.answer) : UNSEEN;
  const expected = expectedText(run, command, verdict, seen);
  compare(run, `${lineOf(command, run.names)} ${where}`, saidText(run, said), expected);
  if (endMs === undefined) return;
  await until('the hold has passed', () => Date.now() > endMs, { everyMs: 2 });
  if (verdict.kind === 'accepted' && !command.value.validateOnly) passNewest(run, command);
}

export function countVerdict(run: Run, command: CommandRequest, verdict: Verdict): void {
  const { counts, bank } = run;
  const { $case, value } = command;
  if (verdict.kind === 'refused') {
    const whose = verdict.whose === 'other' ? ' of the other account' : '';
    return count(counts, $case, `${verdict.reason}${whose}`);
  }
  if (verdict.kind === 'replayed') return count(counts, $case, 'replayed');
  if (value.validateOnly) return count(counts, $case, 'validated');
  const { way, own } = verdict.plan;
  count(counts, $case, way === '' ? 'accepted' : `accepted: ${way}`);
  if (own.draws && passedHolds(accountOf(bank, command)).length > 0) {
    count(counts, 'a hold that passed', 'its money drawn');
  }
}

function expectedText(run: Run, command: CommandRequest, verdict: Verdict, seen: Seen): string {
  if (verdict.kind === 'refused') return refusalText(refusal(verdict.reason));
  return answerText(answered(run.bank, command, verdict, seen), run.names);
}

function saidText({ names }: Run, said: Said<Answer>): string {
  return 'answer' in said ? answerText(said.answer, names) : refusalText(said.refused);
}

function seenIn({ receipt, other }: Answer): Seen {
  const { version, storedAt } = receipt;
  return { version, otherVersion: other?.version, storedAt };
}

function endMsOf({ value }: CommandRequest): number | undefined {
  const expiresAt = 'expiresAt' in value ? value.expiresAt : undefined;
  return expiresAt && Number(microsFromTimestamp(expiresAt) / 1000n);
}

/** The hold may have passed before it was decided on. */
function isTooLate(said: Said<Answer>, verdict: Verdict): boolean {
  const isMalformed = verdict.kind === 'refused' && verdict.reason === 'INVALID_ARGUMENT';
  return !isMalformed && 'refused' in said && said.refused.reason === 'INVALID_ARGUMENT';
}

function passNewest({ bank, counts }: Run, command: CommandRequest): void {
  const hold = accountOf(bank, command).holds.at(-1);
  if (hold === undefined) throw new Error('the hold is not there');
  hold.hasPassed = true;
  count(counts, 'a hold that passed', 'waited for');
}

/** What became of an operation. */
export async function lookUp(
  run: Run,
  replica: CommandReplica,
  { account: number, back }: { readonly account: number; readonly back: number },
  where: string,
): Promise<void> {
  const { bank, names, counts } = run;
  const account = accountIn(bank, names.accountId(number));
  const operationId = operationOf(account, back);
  const operation = account.operations.get(operationId);
  const asked = findOperation(replica, account.id, operationId);
  const said = await saidOf(
    asked.then((answer) => `type ${answer.type}: ${answerText(answerOf(answer), names)}`),
  );
  count(counts, 'getOperation', operation === undefined ? 'OPERATION_NOT_FOUND' : 'found');
  const what = `getOperation a${number} ${names.nameOf(operationId)} ${where}`;
  compare(
    run,
    what,
    'answer' in said ? said.answer : refusalText(said.refused),
    operation === undefined
      ? refusalText(refusal('OPERATION_NOT_FOUND'))
      : `type ${account.entries[operation.version - 1]?.type}: ${foundText(run, operation.answer)}`,
  );
}

/** The result as it was stored; of a hold it tells nothing more. */
function foundText({ names }: Run, { receipt, other }: Answer): string {
  const again = { replayed: true };
  const found = { receipt: { ...receipt, ...again }, other: other && { ...other, ...again } };
  return answerText({ ...found, left: undefined }, names);
}
