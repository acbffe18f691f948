/**
 * npm run check:image: the image and compose.yaml, as far as they can be checked without
 * containers. hadolint reads the Dockerfile, compose's own loader reads compose.yaml; then its
 * services and jobs run as processes on a stack of this machine, in a folder that has what the
 * Dockerfile copies and the packages that it installs, by npm: keys, databases, connector, the
 * three services, their health checks, and a deposit with the operator's token.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { errorText } from '#deploy/error-text.ts';
import type { Part } from '#deploy/local/part.ts';
import { freePort } from '#deploy/local/ports.ts';
import { progressLines } from '#deploy/local/progress.ts';
import { runTool } from '#deploy/local/run-tool.ts';
import { openStack, type Stack } from '#deploy/local/stack.ts';
import { ROOT } from '#test/chart/image-files.ts';
import { makeImageFolder } from '#test/chart/image-folder.ts';
import { objectSchema, podSpecSchema, type Pod } from '#test/chart/objects.ts';
import { runInPod, startPod, type Cluster } from '#test/chart/pod-processes.ts';
import { until } from '#test/support/until.ts';
import { COMPOSE_FILE, composedPods } from './composed.ts';
import { findComposeLoader, findHadolint } from './lint-tools.ts';

const LINT_TIMEOUT_MS = 60_000;
const SLOT_TIMEOUT_MS = 60_000;
const JOBS = ['keys', 'db-setup', 'connector'];
const SERVICES = { command: 50_051, query: 50_052, projector: 50_053, console: 8080 };

async function lint(): Promise<void> {
  const options = { timeoutMs: LINT_TIMEOUT_MS, missing: 'it is gone from the cache' };
  await runTool(
    await findHadolint(progressLines),
    [join(ROOT, 'deploy/image/Dockerfile')],
    options,
  );
  console.info('hadolint has nothing to say of the Dockerfile');
  await runTool(await findComposeLoader(progressLines), [COMPOSE_FILE], options);
  console.info("compose's loader takes compose.yaml");
}

async function runComposed(folder: string, stack: Stack): Promise<void> {
  const image = await makeImageFolder(join(folder, 'app'), true);
  console.info(`${image.path} has what the Dockerfile copies and installs`);
  const ports = new Map<string, number>();
  for (const name of Object.keys(SERVICES)) ports.set(name, await freePort());
  const places = placesOf(folder, stack, ports);
  const cluster: Cluster = { image, folder, objects: [], secrets: {}, places };
  const pods = composedPods(image);
  const services: Part[] = [];
  try {
    for (const name of JOBS) {
      const { stdout } = await runInPod(cluster, podOf(pods, name));
      console.info(`${name}: ${stdout.trim().split('\n').at(-1)}`);
    }
    for (const name of Object.keys(SERVICES)) {
      services.push(await startPod(cluster, podOf(pods, name)));
      console.info(`${name}: its health check says that it serves`);
    }
    await until('Debezium reads the log', stack.isSlotActive, { timeoutMs: SLOT_TIMEOUT_MS });
    const { stdout } = await runInPod(cluster, tryingPod(ports));
    console.info(stdout.trim());
  } finally {
    await Promise.all(services.map((part) => part.stop()));
  }
}

function placesOf(
  folder: string,
  stack: Stack,
  ports: ReadonlyMap<string, number>,
): Record<string, string> {
  const { passwords } = stack.folder;
  const postgres = new URL(stack.eventStoreUrl);
  const places: Record<string, string> = {
    '@postgres:5432': `@${postgres.host}`,
    'redis://redis:6379': stack.redisUrl,
    'kafka:9092': stack.kafkaBrokers.join(','),
    'http://connect:8083': stack.connectUrl,
    '/keys': join(folder, 'keys'),
    '0.0.0.0:9464': '0.0.0.0:0',
    'owner-of-compose': postgres.password,
    'command-of-compose': passwords.bank_command,
    'projector-of-compose': passwords.bank_projector,
    'query-of-compose': passwords.bank_query,
    'cdc-of-compose': passwords.bank_cdc,
  };
  for (const [name, port] of Object.entries(SERVICES)) {
    places[`0.0.0.0:${port}`] = `0.0.0.0:${ports.get(name)}`;
    places[`${name}:${port}`] = `127.0.0.1:${ports.get(name)}`;
  }
  return places;
}

/** As somebody on the machine would: on loopback, with the operator's token. */
function tryingPod(ports: ReadonlyMap<string, number>): Pod {
  const env = [
    { name: 'BANK_COMMAND_ADDRESS', value: `127.0.0.1:${ports.get('command')}` },
    { name: 'BANK_QUERY_ADDRESS', value: `127.0.0.1:${ports.get('query')}` },
    { name: 'BANK_CLIENT_TOKEN_FILE', value: '/keys/operator.token' },
  ];
  const args = ['deploy/image/try-deposit.ts'];
  const container = { name: 'deposit', image: 'banking-es', args, env };
  const of = objectSchema.parse({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'deposit' } });
  return { of, labels: {}, spec: podSpecSchema.parse({ containers: [container] }) };
}

function podOf(pods: ReadonlyMap<string, Pod>, name: string): Pod {
  const pod = pods.get(name);
  if (pod === undefined) throw new Error(`compose.yaml has no ${name}`);
  return pod;
}

try {
  await lint();
  const folder = mkdtempSync(join(tmpdir(), 'banking-es-image-'));
  mkdirSync(join(folder, 'keys'));
  const stack = await openStack({ dataFolder: join(folder, 'stack'), progress: progressLines });
  try {
    const { postgres, redis, kafka, connect } = stack.parts;
    await Promise.all([postgres.start(), redis.start(), kafka.start()]);
    await connect.start();
    await runComposed(folder, stack);
  } finally {
    await stack.stop();
    rmSync(folder, { recursive: true });
  }
} catch (error) {
  console.error(errorText(error));
  process.exitCode = 1;
}
