/**
 * The status of a bank as lines that fit one screen, or as JSON, which tells all there is. Reads
 * nothing itself: everything comes in as data.
 */
import { GetProjectionStatusResponse } from '#proto/bank/v1/projector_service.ts';
import type { PartitionStatus, PipelineCheck } from '#proto/bank/v1/projector_service.ts';
import { amount, grouped } from './amounts.ts';
import { stateName } from './ask-status.ts';
import type { BankStatus, State } from './ask-status.ts';
import { row } from './labelled-row.ts';

/** As what watches over machines takes them. */
export const STATUS_EXIT_CODES: Readonly<Record<State, 0 | 1 | 2 | 3>> = {
  ok: 0,
  warning: 1,
  failing: 2,
  unknown: 3,
};

const PARTITIONS_SHOWN = 16;
const CELL_WIDTH = 12;
const ADDRESS_WIDTH = 24;
const MESSAGE_LENGTH_MAX = 100;
/** Of an alarm that is too long: it ends with the command that helps. */
const ALARM_BEGIN_LENGTH = 28;

export function statusLines({ state, at, replicas, projection, fault }: BankStatus): string[] {
  return [
    row('bank', `${state}, ${at.toISOString()}`),
    '',
    ...replicas.map(({ service, address, message }) =>
      row(service, `${address.padEnd(ADDRESS_WIDTH)}${message}`),
    ),
    '',
    ...(projection === undefined
      ? [row('projection', `no projector answers: ${fault}`)]
      : [...checkLines(projection), '', ...partitionLines(projection)]),
  ];
}

export function statusJson({ at, projection, ...rest }: BankStatus): object {
  const known = projection && GetProjectionStatusResponse.toJSON(projection);
  return { ...rest, at: at.toISOString(), projection: known ?? null };
}

function checkLines({ pipeline }: GetProjectionStatusResponse): string[] {
  const cells = (texts: readonly string[]): string =>
    texts.map((text) => text.padEnd(CELL_WIDTH)).join('');
  const line = (check: PipelineCheck): string => {
    const { name, state, value, warningFrom, failingFrom, unit, message } = check;
    const numbers = [value, warningFrom, failingFrom].map((number) => amount(number, unit));
    const text = message.slice(0, MESSAGE_LENGTH_MAX);
    return row(name, `${cells([stateName(state), ...numbers])}${text}`);
  };
  const checks = pipeline?.checks ?? [];
  return [row('check', cells(['state', 'now', 'warning at', 'failing at'])), ...checks.map(line)];
}

function partitionLines(projection: GetProjectionStatusResponse): string[] {
  const { partitions, filledRecords, lagRecords } = projection;
  const applied = partitions.reduce((sum, { appliedSeq }) => sum + appliedSeq, 0n);
  const counts = [
    `${partitions.length} partitions`,
    `${grouped(applied)} records applied`,
    `${grouped(lagRecords)} wait`,
    `${grouped(filledRecords)} were filled from the outbox`,
  ];
  const unusual = partitions.filter(isUnusual);
  const more = unusual.length - PARTITIONS_SHOWN;
  return [
    row('projection', counts.join(', ')),
    ...unusual.slice(0, PARTITIONS_SHOWN).map(partitionLine),
    ...(more > 0 ? [row('', `and ${more} more that are behind: as JSON all are shown`)] : []),
  ];
}

function isUnusual({ lagRecords, alarm, outboxFeeds }: PartitionStatus): boolean {
  return lagRecords !== 0n || alarm !== '' || outboxFeeds;
}

function partitionLine(partition: PartitionStatus): string {
  const { appliedSeq, headSeq, lagMs, outboxFeeds, alarm } = partition;
  const facts = [
    `${grouped(appliedSeq)} of ${grouped(headSeq)}`,
    ...(lagMs > 0n ? [`${amount(lagMs, 'ms')} late`] : []),
    ...(outboxFeeds ? ['fed from the outbox'] : []),
    ...(alarm === '' ? [] : [`ALARM: ${shortAlarm(alarm)}`]),
  ];
  return row(`  partition ${partition.partition}`, facts.join(', '));
}

function shortAlarm(alarm: string): string {
  if (alarm.length <= MESSAGE_LENGTH_MAX) return alarm;
  const end = alarm.slice(ALARM_BEGIN_LENGTH - MESSAGE_LENGTH_MAX);
  return `${alarm.slice(0, ALARM_BEGIN_LENGTH)}...${end}`;
}
