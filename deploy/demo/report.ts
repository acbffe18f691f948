/**
 * The demo's report as lines of text. Reads nothing itself: everything comes in as data.
 */
import { randomUUID } from 'node:crypto';
import { row } from '#client/cli/labelled-row.ts';
import type { Expectation } from './expectation.ts';
import type { IdleLatency } from './idle-latency.ts';
import type { Latencies } from './latencies.ts';
import { grouped } from './progress-bar.ts';
import type { Reconciliation } from './reconcile.ts';
import type { RejectionsByReason } from './rejections.ts';
import type { PayrollRun } from './run-payroll.ts';

export { row };

export type Report = {
  readonly path: string;
  readonly run: PayrollRun;
  readonly expected: Expectation;
  readonly rejections: RejectionsByReason;
  readonly statement: readonly string[];
  readonly reconciliation: Reconciliation;
};

export function reportLines({ path, run, expected, ...rest }: Report): string[] {
  const { submission } = run.upload.receipt;
  const counts = [
    `${grouped(expected.items)} items`,
    `${grouped(submission?.accepted ?? 0n)} accepted`,
    `${grouped(submission?.rejected ?? 0n)} rejected`,
    `${grouped(submission?.replayed ?? 0n)} replayed`,
    `lines that are no item: ${grouped(run.lineErrors.count)}`,
  ];
  const { latencies, storedMs, completeMs } = run;
  return [
    '',
    row('payroll', `${path}, ${grouped(expected.lines)} lines`),
    row('submission', run.submissionId),
    row('counts', counts.join(', ')),
    ...rejectionLines(rest.rejections, expected),
    ...lineErrorLines(run),
    row('stored', rate(expected.items, storedMs)),
    row('complete', rate(expected.items, completeMs)),
    row('acknowledged', `${percentiles(latencies)} after it was stored`),
    ...rest.statement.map((line, at) => row(at === 0 ? 'statement' : '', line)),
    ...reconciliationLines(rest.reconciliation),
  ];
}

export function idleLines({ stored, visible }: IdleLatency, deposits: number): string[] {
  const both = [
    ['stored', stored],
    ['visible', visible],
  ] as const;
  const texts = both.map(([name, latencies]) => {
    return `${name} ${percentiles(latencies)}`;
  });
  return [row('idle', `${grouped(deposits)} single deposits: ${texts.join('; ')}`)];
}

export function callLines(
  addresses: { command: string; query: string },
  access = '-plaintext',
): string[] {
  const account = randomUUID(); // another one each time: npm start keeps its accounts
  const call = `grpcurl ${access} -d`;
  const open = `{"account_id":"${account}","currency_code":"EUR"}`;
  const deposit = `{"account_id":"${account}","amount":{"currency_code":"EUR","minor_units":1250}}`;
  const get = `{"account_id":"${account}","min_version":2}`;
  return [
    `${call} '${open}' ${addresses.command} bank.v1.AccountCommandService/OpenAccount`,
    `${call} '${deposit}' ${addresses.command} bank.v1.AccountCommandService/Deposit`,
    `${call} '${get}' ${addresses.query} bank.v1.AccountQueryService/GetAccount`,
  ];
}

function rejectionLines(rejections: RejectionsByReason, expected: Expectation): string[] {
  return [...rejections].flatMap(([reason, { count, examples }]) => [
    row('rejected', `${reason}: ${grouped(count)}`),
    ...examples.map(({ itemIndex, accountId, message }) => {
      const line = expected.rejections.get(Number(itemIndex))?.line ?? '?';
      return row('', `  line ${line}, item ${itemIndex}, account "${accountId}": ${message}`);
    }),
  ]);
}

function lineErrorLines({ lineErrors }: PayrollRun): string[] {
  if (lineErrors.count === 0) return [];
  return [
    row('no item', `lines: ${grouped(lineErrors.count)}`),
    ...lineErrors.examples.map(({ line, message }) => row('', `  line ${line}: ${message}`)),
  ];
}

function reconciliationLines(reconciliation: Reconciliation): string[] {
  const { differences, comparisons, logRecords, kafkaRecords } = reconciliation;
  const records = `${grouped(logRecords)} in the outbox, ${grouped(kafkaRecords)} came by Kafka`;
  const verdict =
    differences.length === 0
      ? 'event store, projection and file agree to the cent'
      : `${differences.length} DIFFERENCES`;
  return [
    row('records', records),
    row('reconciled', `${verdict} (${grouped(comparisons)} comparisons)`),
    ...differences.map((text) => row('', `  ${text}`)),
  ];
}

function rate(items: number, elapsedMs: number): string {
  const seconds = (elapsedMs / 1_000).toFixed(2);
  return `${grouped(Math.round((items / elapsedMs) * 1_000))} items/s, all after ${seconds} s`;
}

function percentiles(latencies: Latencies): string {
  return `p50 ${ms(latencies.percentile(0.5))}, p99 ${ms(latencies.percentile(0.99))}`;
}

function ms(value: number): string {
  return `${value.toFixed(1)} ms`;
}
