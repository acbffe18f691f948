/**
 * One stack for a whole vitest run. For e2e all of it, with Debezium reading the outbox; the
 * services are started by each file (mesh.ts). For integration the parts alone, and two template
 * databases that each file copies (databases.ts). The parts end with this process, whatever ends
 * it. BANK_TEST_VERBOSE=1 shows progress.
 */
import { fileURLToPath } from 'node:url';
import type { TestProject } from 'vitest/node';
import { setUpDatabases } from '#deploy/database/set-up-databases.ts';
import { setUpTopics } from '#deploy/database/set-up-topics.ts';
import { startMesh } from '#deploy/local/mesh.ts';
import { progressLines, silent } from '#deploy/local/progress.ts';
import { openStack, type Stack, type StackOptions } from '#deploy/local/stack.ts';
import { TEMPLATES, type StackFacts } from '#test/support/stack-facts.ts';

const FOLDER = fileURLToPath(new URL('../../.local/test', import.meta.url));
const FOLDERS_MAX = 8;
const PARTITIONS = 16;

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const stack = await inFreeFolder(project.name === 'integration' ? startParts : startAll);
  project.provide('stack', factsOf(stack));
  return () => stack.stop();
}

/** Runs side by side (a mutant, another checkout's test) take different folders. */
async function inFreeFolder(start: (options: StackOptions) => Promise<Stack>): Promise<Stack> {
  const progress = process.env['BANK_TEST_VERBOSE'] === '1' ? progressLines : silent;
  for (let n = 1; ; n++) {
    try {
      return await start({ dataFolder: n === 1 ? FOLDER : `${FOLDER}-${n}`, progress });
    } catch (error) {
      const taken = error instanceof Error && error.message.includes('already runs a stack');
      if (!taken || n === FOLDERS_MAX) throw error;
    }
  }
}

async function startAll(options: StackOptions): Promise<Stack> {
  const replicas = { command: 0, query: 0, projector: 0 };
  return (await startMesh({ ...options, partitions: PARTITIONS, replicas })).stack;
}

async function startParts(options: StackOptions): Promise<Stack> {
  const stack = await openStack(options);
  const { postgres, redis, kafka } = stack.parts;
  const { postgres: _superuser, ...passwords } = stack.folder.passwords;
  const databases = postgres.start().then(() =>
    setUpDatabases({
      eventStoreUrl: stack.postgresUrl('postgres', TEMPLATES.eventStore),
      projectionStoreUrl: stack.postgresUrl('postgres', TEMPLATES.projectionStore),
      partitions: PARTITIONS,
      passwords,
      onStep: () => undefined,
    }),
  );
  const topics = kafka
    .start()
    .then(() => setUpTopics(stack.kafkaBrokers, PARTITIONS, () => undefined));
  try {
    await Promise.all([databases, topics, redis.start()]);
    return stack;
  } catch (error) {
    await stack.stop();
    throw error;
  }
}

function factsOf(stack: Stack): StackFacts {
  const { hostname, port } = new URL(stack.eventStoreUrl);
  return {
    postgres: { host: hostname, port: Number(port) },
    passwords: stack.folder.passwords,
    redisUrl: stack.redisUrl,
    kafkaBrokers: stack.kafkaBrokers,
    connectUrl: stack.connectUrl,
    folder: stack.folder.path,
    logs: stack.folder.logs,
  };
}
