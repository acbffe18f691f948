/**
 * `bank ops reconcile|verify`: whether the projection is what the events say, and whether the
 * events are as they were written. Findings go to stdout, how far it is to stderr.
 * Promises: the exit code is 0 only when all that was asked for was looked at and nothing found.
 */
import { VerifyEventsResponse } from '#proto/bank/v1/event_log_service.ts';
import { ReconcileResponse } from '#proto/bank/v1/projector_service.ts';
import type { Command } from 'commander';
import { listWriter, writeText, type Columns } from './answer-writer.ts';
import { uuidsArgument } from './argument-rules.ts';
import { CommandError, EXIT_CODES } from './command-context.ts';
import { jsonOf } from './contract-json.ts';
import { EXAMPLE_ACCOUNT as ID } from './examples.ts';
import { followed } from './followed-stream.ts';
import type { BankContext, ContextOf } from './program-context.ts';
import { reconcileLine, uncomparedAccounts } from './reconcile-report.ts';
import { unverifiedAccounts, verifyFindingLine, verifyProgressLine } from './verify-report.ts';

type CheckOptions = { readonly account: string[] };

export function addCheckCommands(ops: Command, contextOf: ContextOf): void {
  ops
    .command('reconcile')
    .description('Compares the projection with the events. Exit code 1: they differ.')
    .option('--account <id>', 'only this account; repeatable', uuidsArgument, [])
    .addHelpText('after', `\nExample:\n  $ bank ops reconcile --account ${ID}`)
    .action(async ({ account }: CheckOptions, command: Command) => {
      await reconcile(contextOf(command), account);
    });
  ops
    .command('verify')
    .description('Computes the chain of the events again. Exit code 1: something was changed.')
    .option('--account <id>', 'only this account; repeatable', uuidsArgument, [])
    .addHelpText('after', '\nExample:\n  $ bank ops verify')
    .action(async ({ account }: CheckOptions, command: Command) => {
      await verify(contextOf(command), account);
    });
}

async function reconcile(context: BankContext, accountIds: readonly string[]): Promise<void> {
  const bank = context.connect();
  const json = jsonOf('bank.v1.ReconcileResponse', ReconcileResponse);
  const writer = listWriter(context, NO_COLUMNS, json, (parts) => ({ parts }));
  const messages = followed(context, (follow) => bank.reconcile({ ...follow, accountIds }));
  for await (const message of messages) {
    const { part } = message;
    if (part === undefined) continue;
    if (isJson(context)) await writer.write([message]);
    else if (part.$case === 'progress') context.say(reconcileLine(part));
    else await writeText(context, `${reconcileLine(part)}\n`);
    if (part.$case !== 'totals') continue;
    if (isJson(context)) await writer.end();
    const uncompared = uncomparedAccounts(part.value, accountIds);
    if (part.value.findings > 0n) throw found('`bank ops rebuild start` makes the projection anew');
    if (uncompared > 0) throw missing(`${uncompared} of the accounts are in neither store`);
  }
}

async function verify(context: BankContext, accountIds: readonly string[]): Promise<void> {
  const bank = context.connect();
  const json = jsonOf('bank.v1.VerifyEventsResponse', VerifyEventsResponse);
  const writer = listWriter(context, NO_COLUMNS, json, (parts) => ({ parts }));
  const startedMs = performance.now();
  const messages = followed(context, (follow) => bank.verifyEvents({ ...follow, accountIds }));
  for await (const message of messages) {
    const { findings, progress } = message;
    if (isJson(context)) await writer.write([message]);
    else for (const one of findings) await writeText(context, `${verifyFindingLine(one)}\n`);
    if (progress === undefined) continue;
    const line = verifyProgressLine(progress, performance.now() - startedMs);
    if (!progress.complete) context.say(line);
    if (!progress.complete) continue;
    if (isJson(context)) await writer.end();
    else await writeText(context, `${line}\n`);
    const unverified = unverifiedAccounts(progress, accountIds);
    if (progress.findings > 0n) throw found('docs/security.md says what it proves');
    if (unverified > 0) throw missing(`${unverified} of the accounts have no events`);
  }
}

function isJson({ output }: BankContext): boolean {
  return output === 'json' || output === 'ndjson';
}

function found(next: string): CommandError {
  return new CommandError(`there are findings\nnext: ${next}`, EXIT_CODES.refused);
}

function missing(what: string): CommandError {
  return new CommandError(`${what}: check the ids`, EXIT_CODES.refused);
}

const NO_COLUMNS: Columns<ReconcileResponse | VerifyEventsResponse> = { table: [], csv: [] };
