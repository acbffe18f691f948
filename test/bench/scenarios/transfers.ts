/**
 * Commands of several kinds in bulk, by BulkSubmit with its results flowing back: transfers among
 * the warm accounts, of which most need two partitions at once, and holds with their captures.
 */
import { inOrder, uniformly } from '../account-ids.ts';
import {
  depositMessages,
  holdMessages,
  repeated,
  transferMessages,
  type LoadMessage,
} from '../load-messages.ts';
import { runBulk } from '../bulk-run.ts';
import { PATHS } from '../raw-client.ts';
import type { Scenario, ScenarioContext } from '../scenario.ts';
import { perSecond } from '../statistics.ts';

const SEED = 9;

export const transfers: Scenario = {
  name: 'transfers and holds',
  figures: ['transfer', 'hold_and_capture'],
  run: async (context) => {
    const { plan, accounts, samples, say } = context;
    const spread = uniformly(accounts, SEED);
    const { messageItems, transferItems } = plan;
    // Each account has some money.
    const paidIn = depositMessages(inOrder(accounts), accounts.length, messageItems);
    await context.measured.bulk('transfer-funds', paidIn);
    const moving = transferMessages(spread, transferItems, messageItems);
    await submit(context, 'transfer-warm-up', moving, 2);
    for (let run = 0; run < plan.runs; run++) {
      const stored = await submit(context, 'transfer', moving, 2);
      samples.add('transfer.stored_per_s', perSecond(stored.items, stored.ms));
      samples.add('transfer.acknowledged_per_s', perSecond(stored.items, stored.acknowledgedMs));
      // A hold has had its id for ever, so each run has messages of its own.
      const holding = holdMessages(spread, transferItems, messageItems);
      const pairs = await submit(context, 'hold', holding, 1);
      samples.add('hold_and_capture.stored_per_s', perSecond(pairs.items / 2, pairs.ms));
      say(
        `transfers ${Math.round(perSecond(stored.items, stored.ms))}/s, ` +
          `holds with captures ${Math.round(perSecond(pairs.items / 2, pairs.ms))}/s`,
      );
    }
  },
};

type Took = { readonly items: number; readonly ms: number; readonly acknowledgedMs: number };

/** `events`: of each item. */
async function submit(
  { measured }: ScenarioContext,
  name: string,
  messages: readonly LoadMessage[],
  events: number,
): Promise<Took> {
  const items = messages.reduce((sum, message) => sum + message.items, 0);
  return await measured.reconciled(async () => {
    const load = {
      submissionId: measured.nextSubmissionId(name),
      messages: repeated(messages, items),
      path: PATHS.bulkSubmit,
    };
    const { storedMs: ms, acknowledgedMs, amountMinor } = await runBulk(measured.targets, load);
    const sent = { items: items * events, amountMinor };
    return { result: { items, ms, acknowledgedMs }, sent };
  });
}
