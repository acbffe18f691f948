/**
 * npm run scale: what 10 and 100 times the measured rate ask of each part, from the costs of an
 * item that a run of the benchmark has measured (docs/benchmarks.json by default).
 *
 *     npm run scale -- --json FILE --rate 45000
 */
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command, InvalidArgumentError } from 'commander';
import { z } from 'zod';
import { errorText } from '#deploy/error-text.ts';
import { numberText } from './report.ts';
import {
  ceilings,
  demandAt,
  LIMITS,
  type Demand,
  type Limits,
  type UnitCosts,
} from './scale-model.ts';

const LAST_RUN = fileURLToPath(new URL('../../docs/benchmarks.json', import.meta.url));
const FACTORS = [1, 10, 100] as const;
const LABEL_WIDTH = 40;
const NUMBER_WIDTH = 16;

const reportSchema = z.object({
  figures: z.array(z.object({ name: z.string(), median: z.number() })),
});

const ROWS: readonly (readonly [keyof Demand, string])[] = [
  ['itemsPerSecond', 'deposits a second'],
  ['itemsPerDay', 'deposits a day, if sustained'],
  ['commandReplicas', 'command-svc replicas'],
  ['projectorReplicas', 'projector-svc replicas'],
  ['postgresCores', 'PostgreSQL cores, both stores'],
  ['eventStoreWalMegabytes', 'WAL of the event store, MB/s'],
  ['projectionWalMegabytes', 'WAL of the projection store, MB/s'],
  ['walTerabytesPerDay', 'WAL of both, TB a day'],
  ['commitsPerSecond', 'commits of batches a second, both stores'],
  ['eventStoreServers', 'event store: servers'],
  ['projectionStoreServers', 'projection store: servers'],
  ['partitions', 'Kafka partitions, at least'],
  ['kafkaMegabytes', 'Kafka in, MB/s before replication'],
  ['kafkaBrokers', 'Kafka brokers'],
  ['slots', 'replication slots and connector tasks'],
  ['redisCommandsPerSecond', 'Redis commands a second'],
  ['redisNodes', 'Redis nodes'],
  ['eventStoreConnections', 'connections to the event store'],
  ['projectionStoreConnections', 'connections to the projection store'],
];

function main(): void {
  const { json, rate, ...limits } = parseOptions();
  const costs = readCosts(json);
  const base = rate ?? costs('bulk.acknowledged_per_s');
  const demands = FACTORS.map((factor) => demandAt(base * factor, costs, limits));
  const columns = (cells: readonly string[]): string =>
    cells.map((cell) => cell.padStart(NUMBER_WIDTH)).join('');
  say(`costs of an item from ${relative(process.cwd(), json)}; assumed:`);
  for (const [name, value] of Object.entries(limits)) say(`  ${name} ${value}`);
  say('');
  say(''.padEnd(LABEL_WIDTH) + columns(FACTORS.map((factor) => `${factor} x`)));
  for (const [key, label] of ROWS) {
    const numbers = demands.map((demand) => countText(demand[key]));
    say(label.padEnd(LABEL_WIDTH) + columns(numbers));
  }
  say('');
  say('used up, with the costs and limits above, at deposits a second:');
  for (const { what, itemsPerSecond } of ceilings(costs, limits)) {
    say(what.padEnd(LABEL_WIDTH) + columns([numberText(itemsPerSecond)]));
  }
}

type ScaleOptions = Limits & { readonly json: string; readonly rate?: number };

function parseOptions(): ScaleOptions {
  const command = new Command('npm run scale --')
    .option('--json <file>', 'what npm run bench -- --json has written', LAST_RUN)
    .option('--rate <n>', 'deposits a second that count as 1 x; default: as measured', positive);
  for (const [name, value] of Object.entries(LIMITS)) {
    const flag = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    command.option(`--${flag} <n>`, 'an assumption', positive, value);
  }
  return command.parse(process.argv).opts<ScaleOptions>();
}

function positive(text: string): number {
  const value = Number(text);
  if (value > 0 && Number.isFinite(value)) return value;
  throw new InvalidArgumentError('must be a number above 0');
}

function readCosts(path: string): UnitCosts {
  const content: unknown = JSON.parse(readFileSync(path, 'utf8'));
  const { figures } = reportSchema.parse(content);
  const medians = new Map(figures.map(({ name, median }) => [name, median]));
  return (figure) => {
    const median = medians.get(figure);
    if (median === undefined) throw new Error(`${path} has no figure ${figure}`);
    return median;
  };
}

function countText(value: number): string {
  return Number.isInteger(value) ? value.toLocaleString('en-US') : numberText(value);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

try {
  main();
} catch (error) {
  process.stderr.write(`${errorText(error)}\n`);
  process.exit(1);
}
