/** `bank mode start|end|show`: bulk mode by hand. */
import { hostname, userInfo } from 'node:os';
import {
  EndBulkModeResponse,
  GetBulkModeResponse,
  StartBulkModeResponse,
  type BulkModeLease,
} from '#proto/bank/v1/bulk_mode_service.ts';
import { Option, type Command } from 'commander';
import { writeAnswer, type Columns } from './answer-writer.ts';
import { leaseArgument } from './argument-rules.ts';
import { jsonOf } from './contract-json.ts';
import { durationOf, keepLease } from './kept-lease.ts';
import type { ContextOf } from './program-context.ts';
import { textArgument } from './send-command.ts';
import { exactTime, shownDuration, shownTime } from './shown-values.ts';

const LEASE_MS = 60_000;

export function addModeCommands(program: Command, contextOf: ContextOf): void {
  const mode = program.command('mode').description('Bulk mode: every replica set for bulk work.');
  addStart(mode, contextOf);
  addEnd(mode, contextOf);
  addShow(mode, contextOf);
}

type StartOptions = {
  readonly holder?: string;
  readonly reason?: string;
  readonly ttl: number;
  readonly detach?: true;
};

function addStart(mode: Command, contextOf: ContextOf): void {
  mode
    .command('start')
    .description('Starts bulk mode, and keeps it on until Ctrl-C ends it.')
    .option('--holder <name>', 'who asks; you at this machine if not given', textArgument)
    .option('--reason <text>', 'what for', textArgument)
    .addOption(
      new Option('--ttl <time>', 'how long the lease lasts unless it is renewed')
        .argParser(leaseArgument)
        .default(LEASE_MS, shownDuration(LEASE_MS)),
    )
    .option(
      '--detach',
      'prints the lease (-o json: for a script) and ends; it ends by its time, or by `mode end`',
    )
    .addHelpText('after', '\nExample:\n  $ bank mode start --reason "payroll of June" --ttl 2m')
    .action(async (options: StartOptions, command: Command) => {
      const context = contextOf(command);
      const { ttl: ttlMs, reason = '', detach = false } = options;
      const { holder = `${userInfo().username}@${hostname()}` } = options;
      const wanted = { holder, reason, ttl: durationOf(ttlMs) };
      const answer = await context.connect().startBulkMode(wanted, context.calls);
      await writeAnswer(context, {
        json: jsonOf('bank.v1.StartBulkModeResponse', StartBulkModeResponse)(answer),
        rows: answer.lease === undefined ? [] : [answer.lease],
        columns: LEASE,
      });
      if (!detach && answer.lease !== undefined) {
        await keepLease(context, answer.lease.leaseId, ttlMs);
      }
    });
}

function addEnd(mode: Command, contextOf: ContextOf): void {
  mode
    .command('end')
    .description('Ends a lease. Bulk mode is off when the last one has ended.')
    .argument('<lease>', 'its id, as `bank mode start` and `bank mode show` tell it')
    .addHelpText('after', '\nExample:\n  $ bank mode end 0b6f6d0e-3a53-4a8e-9d8e-5c1b8a1f4f10')
    .action(async (leaseId: string, _: unknown, command: Command) => {
      const context = contextOf(command);
      const answer = await context.connect().endBulkMode({ leaseId }, context.calls);
      await writeAnswer(context, {
        json: jsonOf('bank.v1.EndBulkModeResponse', EndBulkModeResponse)(answer),
        rows: [answer],
        columns: ENDED,
      });
    });
}

function addShow(mode: Command, contextOf: ContextOf): void {
  mode
    .command('show')
    .description('Tells who holds bulk mode, and which replicas run with its settings.')
    .addHelpText('after', '\nExample:\n  $ bank mode show --output json')
    .action(async (_: unknown, command: Command) => {
      const context = contextOf(command);
      const answer = await context.connect().getBulkMode({}, context.calls);
      await writeAnswer(context, {
        json: jsonOf('bank.v1.GetBulkModeResponse', GetBulkModeResponse)(answer),
        rows: [answer],
        columns: MODE,
      });
    });
}

const LEASE: Columns<BulkModeLease> = {
  table: [
    { title: 'lease', value: ({ leaseId }) => leaseId },
    { title: 'holder', value: ({ holder }) => holder },
    { title: 'reason', value: ({ reason }) => reason },
    { title: 'ends', value: ({ expiresAt }) => shownTime(expiresAt) },
  ],
  csv: [
    { title: 'lease_id', value: ({ leaseId }) => leaseId },
    { title: 'holder', value: ({ holder }) => holder },
    { title: 'reason', value: ({ reason }) => reason },
    { title: 'expires_at', value: ({ expiresAt }) => exactTime(expiresAt) },
  ],
};

const ENDED: Columns<EndBulkModeResponse> = {
  table: [{ title: 'bulk mode', value: ({ active }) => (active ? 'on, by other leases' : 'off') }],
  csv: [{ title: 'active', value: ({ active }) => String(active) }],
};

const MODE: Columns<GetBulkModeResponse> = {
  table: [
    { title: 'bulk mode', value: ({ active }) => (active ? 'on' : 'off') },
    { title: 'leases', value: ({ leases }) => leases.map(leaseText).join('; ') },
    { title: 'replicas', value: ({ replicas }) => replicas.map(replicaText).join(', ') },
  ],
  csv: [
    { title: 'active', value: ({ active }) => String(active) },
    { title: 'lease_ids', value: ({ leases }) => leases.map(({ leaseId }) => leaseId).join(';') },
    { title: 'replicas', value: ({ replicas }) => replicas.map(replicaText).join(';') },
  ],
};

export function leaseText({ leaseId, holder, reason, expiresAt }: BulkModeLease): string {
  const why = reason === '' ? '' : ` (${reason})`;
  return `${leaseId} of ${holder}${why} until ${shownTime(expiresAt)}`;
}

function replicaText({ instance, bulk }: GetBulkModeResponse['replicas'][number]): string {
  return `${instance} ${bulk ? 'bulk' : 'usual'}`;
}
