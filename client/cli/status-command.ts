/**
 * `bank status`: how the bank stands, on one screen that is drawn again and again: the services,
 * what is stored and projected a second, bulk mode, the pipeline, dead letters.
 */
import { sleep } from '#platform/waiting.ts';
import { GetBulkModeResponse } from '#proto/bank/v1/bulk_mode_service.ts';
import { Option, type Command } from 'commander';
import { writeText } from './answer-writer.ts';
import { timeoutArgument } from './argument-rules.ts';
import { askStatus, type BankStatus } from './ask-status.ts';
import { grouped } from './amounts.ts';
import { CommandError } from './command-context.ts';
import { row } from './labelled-row.ts';
import { leaseText } from './mode-commands.ts';
import type { BankContext, ContextOf } from './program-context.ts';
import { shownDuration } from './shown-values.ts';
import { STATUS_EXIT_CODES, statusJson, statusLines } from './status-report.ts';

const INTERVAL_MS = 2_000;
const HOME_AND_CLEAR = '\u001b[H\u001b[J';
const LEASES_SHOWN = 4;

type Sample = { readonly status: BankStatus; readonly mode: GetBulkModeResponse | undefined };
export type Rates = { readonly stored: number; readonly projected: number };

export function addStatusCommand(program: Command, contextOf: ContextOf): void {
  program
    .command('status')
    .description(
      'Shows how the bank stands, on one screen, until Ctrl-C. With --once the exit code tells: ' +
        '0 all is well, 1 a warning, 2 something fails, 3 something cannot be asked.',
    )
    .option('--once', 'once, and ends')
    .addOption(
      new Option('--interval <time>', 'from one look to the next')
        .argParser(timeoutArgument)
        .default(INTERVAL_MS, shownDuration(INTERVAL_MS)),
    )
    .addHelpText('after', '\nExample:\n  $ bank status --once')
    .action(async (options: { once?: true; interval: number }, command: Command) => {
      await showStatus(contextOf(command), options.once === true, options.interval);
    });
}

/** Rates need two looks, so the first screen comes with the second look. */
async function showStatus(context: BankContext, once: boolean, intervalMs: number): Promise<void> {
  const { signal, stdout } = context;
  let before = await look(context);
  try {
    for (;;) {
      await sleep(intervalMs, signal);
      const now = await look(context);
      const screen = screenText(context, now, ratesBetween(before.status, now.status));
      const isRedrawn = !once && stdout.isTTY === true;
      await writeText(context, `${isRedrawn ? HOME_AND_CLEAR : ''}${screen}\n`);
      if (once) throw new CommandError('', STATUS_EXIT_CODES[now.status.state]);
      before = now;
    }
  } catch (error) {
    if (!signal.aborted) throw error; // Ctrl-C is how it ends
  }
}

async function look({ settings, access, connect, calls }: BankContext): Promise<Sample> {
  const [status, mode] = await Promise.all([
    askStatus(settings.addresses, access()),
    connect()
      .getBulkMode({}, calls)
      .catch(() => undefined),
  ]);
  return { status, mode };
}

function screenText(
  { output }: BankContext,
  { status, mode }: Sample,
  rates: Rates | undefined,
): string {
  if (output === 'table')
    return [...statusLines(status), '', ...liveLines({ status, mode }, rates)].join('\n');
  const known = statusJson(status);
  const bulkMode = mode === undefined ? null : GetBulkModeResponse.toJSON(mode);
  const json = { ...known, bulkMode, recordsPerSecond: rates ?? null };
  return output === 'json' ? JSON.stringify(json, null, 2) : JSON.stringify(json);
}

export function liveLines({ status, mode }: Sample, rates: Rates | undefined): string[] {
  const { projection } = status;
  const leases = mode?.leases ?? [];
  const more = leases.length - LEASES_SHOWN;
  return [
    row('throughput', rates === undefined ? 'not known' : rateText(rates)),
    row('lag', projection === undefined ? 'not known' : lagText(projection)),
    row('dead letters', projection === undefined ? 'not known' : deadText(projection)),
    row('bulk mode', mode === undefined ? 'not known' : modeText(mode)),
    ...leases.slice(0, LEASES_SHOWN).map((lease) => row('', leaseText(lease))),
    ...(more > 0 ? [row('', `and ${more} more`)] : []),
  ];
}

/** By the positions of the log, of which each is one batch. */
export function ratesBetween(before: BankStatus, now: BankStatus): Rates | undefined {
  const [from, to] = [before.projection, now.projection];
  const seconds = (now.at.getTime() - before.at.getTime()) / 1000;
  if (from === undefined || to === undefined || seconds <= 0) return undefined;
  const sum = (key: 'headSeq' | 'appliedSeq', { partitions }: typeof to): bigint =>
    partitions.reduce((all, partition) => all + partition[key], 0n);
  const rate = (key: 'headSeq' | 'appliedSeq'): number =>
    Math.round(Number(sum(key, to) - sum(key, from)) / seconds);
  return { stored: rate('headSeq'), projected: rate('appliedSeq') };
}

function rateText({ stored, projected }: Rates): string {
  return `${grouped(stored)} records/s stored, ${grouped(projected)} records/s projected`;
}

type Projection = NonNullable<BankStatus['projection']>;

function lagText({ lagRecords, lagMs }: Projection): string {
  return `${grouped(lagRecords)} records wait, the oldest for ${grouped(lagMs)} ms`;
}

function deadText({ deadLetters, parkedAccounts }: Projection): string {
  return `${grouped(deadLetters)}, ${grouped(parkedAccounts)} accounts wait for them`;
}

function modeText({ active, leases, replicas }: GetBulkModeResponse): string {
  const bulk = replicas.filter((replica) => replica.bulk).length;
  const counts = `${leases.length} leases, ${bulk} of ${replicas.length} replicas set for it`;
  return `${active ? 'on' : 'off'}, ${counts}`;
}
