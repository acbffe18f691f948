/**
 * npm run check:dashboards: a mesh of its own, bulk work, a real Prometheus beside it; then each
 * query of each panel and what each alert rule asks for, over the time of the work. The exit code
 * is 1 when one of them brings nothing (where nothing is no good news), a rule cannot be evaluated,
 * or an alert fires.
 */
import { fileURLToPath } from 'node:url';
import { Command, InvalidArgumentError } from 'commander';
import { readAccess } from '#client/bank-access.ts';
import { createBankClient } from '#client/bank-client.ts';
import { errorText } from '#deploy/error-text.ts';
import { PAGES } from '#deploy/grafana/pages.ts';
import { startMesh } from '#deploy/local/mesh.ts';
import type { Mesh } from '#deploy/local/mesh.ts';
import { operatorFiles } from '#deploy/local/secure-services.ts';
import { onStopSignal } from '#deploy/local/stop-signals.ts';
import { until } from '#test/support/until.ts';
import { askAlerts, askPanels } from './ask-all.ts';
import { bringsData, type Span } from './prometheus-api.ts';
import { startPrometheus } from './prometheus.ts';
import { work } from './workload.ts';

const FOLDER = fileURLToPath(new URL('../../.local/dashboards', import.meta.url));
const DEPOSITS = { default: 100_000, max: 2_000_000 } as const;
const JOBS = ['command-svc', 'query-svc', 'projector-svc'];
const MS_PER_SECOND = 1_000;

const say = (line: string): void => void process.stdout.write(`${line}\n`);

async function main(): Promise<number> {
  const { deposits } = new Command('npm run check:dashboards --')
    .option('--deposits <n>', 'deposits of the bulk stream', wholeNumber, DEPOSITS.default)
    .parse()
    .opts<{ deposits: number }>();
  const stopping = new AbortController();
  onStopSignal((reason) => stopping.abort(new Error(`stopped by ${reason}`)));
  // Secure: what tells of certificates is there, too.
  const mesh = await startMesh({ dataFolder: FOLDER, secure: true, signal: stopping.signal });
  try {
    const url = await startPrometheus(mesh);
    return await check(mesh, url, deposits, stopping.signal);
  } finally {
    await mesh.stop();
  }
}

async function check(
  mesh: Mesh,
  url: string,
  deposits: number,
  signal: AbortSignal,
): Promise<number> {
  const access = readAccess(operatorFiles(mesh.stack.ground));
  const client = createBankClient(mesh.addresses, access);
  const bank = { client, bulkMode: client.bulkMode, stop: mesh.stop };
  const start = now();
  await scrapedSince(url, start);
  await work({ bank, signal }, deposits);
  client.close();
  const worked = now();
  await scrapedSince(url, worked);
  say(`\n${deposits} deposits by a stream in ${Math.round(worked - start)} s with all else`);

  const span = { start, end: now() };
  const silent = await askPanels(url, span, say);
  const deaf = await askAlerts(url, span, say);
  for (const line of [...silent, ...deaf]) say(`WITHOUT DATA  ${line}`);
  const problems = silent.length + deaf.length;
  say(
    problems === 0 ? `all of ${PAGES.length} pages and all rules have data` : `${problems} wrong`,
  );
  return problems === 0 ? 0 : 1;
}

/** Each service was read after that moment, twice: a rate needs two. */
async function scrapedSince(url: string, moment: number): Promise<void> {
  const query = `count(timestamp(up == 1) > ${moment + 2}) == ${JOBS.length}`;
  const span = (): Span => ({ start: moment, end: now() });
  await until(`a scrape of ${JOBS.join(', ')}`, () => bringsData(url, query, span()), {
    timeoutMs: 60_000,
    everyMs: 250,
  });
}

function now(): number {
  return Date.now() / MS_PER_SECOND;
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= DEPOSITS.max) return value;
  throw new InvalidArgumentError(`must be a whole number from 1 to ${DEPOSITS.max}`);
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`${errorText(error)}\n`);
    process.exit(1);
  },
);
