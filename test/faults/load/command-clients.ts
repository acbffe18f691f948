/**
 * Clients that send single commands of every kind, at random, to accounts that all of them share,
 * and remember what holds, operations and accounts came of them.
 */
import { untilAnswered, type Receipts } from '#test/support/answered-try.ts';
import { send, type CommandRequest } from '#test/support/command-calls.ts';
import type { CommandTry } from '../history/history.ts';
import type { KnownAccounts } from './known-accounts.ts';
import { inVain, loop, randomOf, type LoadContext } from './load.ts';
import { randomCommand, type RandomCommand } from './random-commands.ts';

const PAUSE_MS = 30;
const REVERSIBLE = new Set<CommandRequest['$case']>([
  'deposit',
  'withdraw',
  'transfer',
  'captureHold',
]);

export async function sendCommands(
  context: LoadContext,
  seed: number,
  clients: number,
): Promise<void> {
  const client = async (n: number): Promise<void> => {
    const random = randomOf(seed, n);
    await loop(context, PAUSE_MS, async () => {
      await sendCommand(context, randomCommand(random, context.known));
    });
  };
  await Promise.all(Array.from({ length: clients }, (_, n) => client(n)));
}

export async function sendCommand(
  { mesh, known, record }: LoadContext,
  { command, accountId, operationId, wanted }: RandomCommand,
): Promise<CommandTry> {
  const call = async (): Promise<Receipts> => {
    const answer = await send({ commands: mesh.once.accounts }, command);
    const other = answer.destinationReceipt ?? answer.sweepReceipt ?? answer.counterpartReceipt;
    return [answer.receipt, other];
  };
  const onResend = (): void => inVain(record, `${command.$case} sent again`);
  const told = await untilAnswered({ operationId, accountId }, call, onResend);
  const one = { ...told, wanted };
  record.tries.push(one);
  if (one.answer.kind === 'accepted') remember(known, command, one);
  return one;
}

function remember(
  known: KnownAccounts,
  { $case }: CommandRequest,
  { accountId, operationId }: CommandTry,
): void {
  if ($case === 'openAccount') known.opened(accountId);
  if ($case === 'closeAccount') known.closed(accountId);
  if (REVERSIBLE.has($case)) known.executed({ accountId, operationId });
}
