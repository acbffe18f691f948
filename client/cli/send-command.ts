/**
 * Sends one command on an account and shows its receipts. The command has an operation id before it
 * is sent, which is told: whatever becomes of the line, it can be sent again, and counts once.
 * Promises: an error that leaves open what became of it says with which very line to find out.
 */
import type { JsonValue } from '@bufbuild/protobuf';
import { uuidV7 } from '#platform/uuid.ts';
import type { CommandReceipt } from '#proto/bank/v1/command_receipt.ts';
import { InvalidArgumentError, type Command } from 'commander';
import { BankError } from '../bank-error.ts';
import { RECEIPT, type Receipt } from './account-columns.ts';
import { writeAnswer } from './answer-writer.ts';
import { uuidArgument, versionArgument } from './argument-rules.ts';
import { CommandError, EXIT_CODES } from './command-context.ts';
import { bankLines } from './error-report.ts';
import type { BankContext } from './program-context.ts';
import { shellLine } from './shell-line.ts';

const TEXT_LENGTH_MAX = 140;
/** What the read side is waited for by --wait; the contract waits for 30 s at most. */
const WAIT_MS = 30_000;

export type SendOptions = {
  readonly operationId?: string;
  readonly dryRun?: true;
  readonly wait?: true;
  readonly ifVersion?: bigint;
};

/** What every command takes; `version`: also those that a new account cannot have. */
export function addSendOptions(command: Command, { version = true } = {}): Command {
  command
    .option('--operation-id <uuid>', 'the idempotency key; a new one if not given', uuidArgument)
    .option('--dry-run', 'tells what would come of it, and stores nothing')
    .option('--wait', 'ends when queries show it');
  if (!version) return command;
  return command.option('--if-version <n>', 'only on this version of the account', versionArgument);
}

/** A reference or reason. */
export function textArgument(text: string): string {
  if ([...text].length <= TEXT_LENGTH_MAX) return text;
  throw new InvalidArgumentError(`It must have at most ${TEXT_LENGTH_MAX} characters.`);
}

export type Sent<Response> = {
  readonly send: (operationId: string) => Promise<Response>;
  readonly json: (response: Response) => JsonValue;
  /** Of each account that it concerns. */
  readonly receipts: (response: Response) => readonly (CommandReceipt | undefined)[];
  /** What the first of them has besides. */
  readonly extra?: (response: Response) => Partial<Receipt>;
};

export async function sendCommand<Response>(
  context: BankContext,
  options: SendOptions,
  { send, json, receipts, extra }: Sent<Response>,
): Promise<void> {
  const operationId = options.operationId ?? uuidV7();
  if (options.operationId === undefined) context.say(`operation ${operationId}`);
  const response = await withOutcome(context, operationId, options, () => send(operationId));
  const stored = receipts(response).filter((receipt) => receipt !== undefined);
  const rows = stored.map((receipt, at) =>
    at === 0 ? { ...receipt, ...extra?.(response) } : receipt,
  );
  await writeAnswer<Receipt>(context, { json: json(response), rows, columns: RECEIPT });
  if (options.wait !== true || options.dryRun === true) return;
  const calls = { deadlineMs: WAIT_MS, ...context.calls };
  for (const { accountId, version } of stored) {
    await context.connect().getAccount({ accountId, minVersion: version }, calls);
  }
}

async function withOutcome<T>(
  { settings, commandLine, signal }: BankContext,
  operationId: string,
  { dryRun }: SendOptions,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const isOpen = signal.aborted || (error instanceof BankError && OPEN_CODES.has(error.code));
    if (!isOpen || dryRun === true) throw error;
    const isOfBank = error instanceof BankError && !signal.aborted;
    const lines = [
      ...(isOfBank ? bankLines(error, settings.addresses) : ['Interrupted.']),
      'It may be stored, or not. This tells, and stores it once at most:',
      `  ${shellLine(commandLine, operationId)}`,
    ];
    const code = signal.aborted ? EXIT_CODES.interrupted : EXIT_CODES.unreachable;
    throw new CommandError(lines.join('\n'), code, error);
  }
}

/** What leaves open whether the command was stored. */
const OPEN_CODES: ReadonlySet<string> = new Set([
  'DEADLINE_EXCEEDED',
  'UNAVAILABLE',
  'CANCELLED',
  'UNKNOWN',
  'INTERNAL',
]);
