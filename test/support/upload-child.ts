/**
 * A client process of its own, to be killed: makes the payroll of its seed and uploads it in small
 * messages, telling its parent the index that it is about to send. It paces itself by what the
 * service takes.
 *
 *     node test/support/upload-child.ts '{"seed":1,"payroll":{...},"command":["127.0.0.1:50051"]}'
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { createBankClient } from '#client/bank-client.ts';
import { sendDeposits } from '#test/support/bank-calls.ts';
import { makePayroll } from '#test/support/payroll.ts';
import { seededRandom } from '#test/support/random.ts';

const PAUSE_MS = 1;
const MESSAGE_ITEMS = 25;
const Task = z.object({
  seed: z.int(),
  payroll: z.object({ accounts: z.int(), items: z.int(), dirt: z.number() }),
  command: z.array(z.string()),
});

const task = Task.parse(JSON.parse(process.argv[2] ?? ''));
const payroll = makePayroll(seededRandom(task.seed), task.payroll);
const client = createBankClient({
  command: task.command,
  query: ['127.0.0.1:1'],
  projector: ['127.0.0.1:1'],
});
await sendDeposits(client, {
  ...payroll,
  messageItems: MESSAGE_ITEMS,
  beforeMessage: async (index) => {
    process.send?.(index ?? 0);
    await sleep(PAUSE_MS);
  },
});
client.close();
process.disconnect();
