/**
 * One run: steps sent one after the other to two replicas, each answer held against the model's,
 * and at the end every account's events against what the model has written down.
 */
import { sendBatch, sendBatchAgain, type SentBatch } from '#test/support/bank-model-batches.ts';
import { lookUp, sendCommand } from '#test/support/bank-model-commands.ts';
import type { Counts } from '#test/support/bank-model-counts.ts';
import { compareEvents } from '#test/support/bank-model-events.ts';
import type { SentStep } from '#test/support/bank-model-steps.ts';
import { newRun } from '#test/support/bank-model-transcript.ts';
import type { CommandReplicas } from '#test/support/command-replicas.ts';

/** Throws a Disagreement at the first difference. */
export async function runSteps(
  { replicas }: Pick<CommandReplicas, 'replicas'>,
  steps: readonly SentStep[],
  counts: Counts,
): Promise<void> {
  const run = newRun(counts);
  let batch: SentBatch | undefined;
  for (const { on, step } of steps) {
    const replica = replicas[on];
    const where = `(replica ${on + 1})`;
    if (step.do === 'batch') {
      batch = (await sendBatch(run, replica, step, where)) ?? batch;
    } else if (step.do === 'batchAgain') {
      batch &&= await sendBatchAgain(run, replica, batch, step.otherMode, where);
    } else if (step.do === 'getOperation') {
      await lookUp(run, replica, step, where);
    } else {
      await sendCommand(run, replica, step, where);
    }
  }
  await compareEvents(run, replicas[steps.length % 2 === 0 ? 0 : 1]);
}
