/**
 * The order of the start does not matter: the services come first, with no part there and nothing
 * set up. Each listens, says NOT_SERVING and UNAVAILABLE, names in its log whom it waits for, and
 * serves when its parts have come, one after the other, without anybody's help. A stack of its own.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { credentials, status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createBankClient, type BankClient } from '#client/bank-client.ts';
import { unaryCall } from '#client/unary-call.ts';
import { setUpDatabases } from '#deploy/database/set-up-databases.ts';
import { setUpTopics } from '#deploy/database/set-up-topics.ts';
import { putConnector } from '#deploy/connect/put-connector.ts';
import type { Part } from '#deploy/local/part.ts';
import { freePort } from '#deploy/local/ports.ts';
import { silent } from '#deploy/local/progress.ts';
import { addressOf, serviceSpec, SERVICES, type Service } from '#deploy/local/services.ts';
import { openStack, type Stack } from '#deploy/local/stack.ts';
import {
  HealthCheckResponse_ServingStatus as Serving,
  HealthClient,
} from '#proto/health/v1/health.ts';
import { faultOf, openAccounts, readFeed, sendDeposits } from '#test/support/bank-calls.ts';
import { makePayroll } from '#test/support/payroll.ts';
import { freshSeed, seededRandom } from '#test/support/random.ts';
import { until } from '#test/support/until.ts';

const FOLDER = fileURLToPath(new URL('../../.local/test-start-order', import.meta.url));
const PARTITIONS = 4;
const PART_MS = 60_000;
/** Nobody listens at first. */
const RECONNECT = { 'grpc.max_reconnect_backoff_ms': 500 };

type Replica = { part: Part; address: string; health: HealthClient; started: Promise<void> };

describe('services that start before everything else', () => {
  let stack: Stack;
  let client: BankClient;
  const replicas = new Map<Service, Replica>();
  const random = seededRandom(freshSeed());
  beforeAll(async () => {
    stack = await openStack({ dataFolder: FOLDER, progress: silent, restarts: false });
    for (const service of SERVICES) replicas.set(service, await startFirst(service));
    client = createBankClient({
      command: [of('command').address],
      query: [of('query').address],
      projector: [of('projector').address],
    });
  }, PART_MS);
  afterAll(async () => {
    client.close();
    for (const { health, part } of replicas.values()) {
      health.close();
      await part.stop();
    }
    await stack.stop();
  });

  test('wait for each part by name, and serve when it has come', { timeout: 180_000 }, async () => {
    await Promise.all(
      SERVICES.map((service) =>
        until(`${service} waits`, () => isWaiting(service), { timeoutMs: PART_MS }),
      ),
    );
    await areWaitingFor('ECONNREFUSED');
    await stack.parts.redis.start();
    await stack.parts.postgres.start();
    await areWaitingFor('authentication failed'); // neither databases nor roles
    for (const service of SERVICES) expect(await servingOf(service)).toBe(Serving.NOT_SERVING);

    await setUp();
    for (const service of SERVICES) await serves(service);
    // Without Kafka the outbox feeds the projection.
    const payroll = makePayroll(random, { accounts: 3, items: 30 });
    await openAccounts(client, payroll);
    await sendDeposits(client, payroll);
    expect((await readFeed(client, payroll.submissionId)).at(-1)?.progress?.complete).toBe(true);

    const { kafka, connect } = stack.parts;
    const connecting = connect.start(); // before Kafka
    connecting.catch(() => undefined); // awaited below
    await kafka.start();
    await setUpTopics(stack.kafkaBrokers, PARTITIONS, () => undefined);
    await connecting;
    await putConnector(stack.connectUrl);
    stack.expectConnector();
    await until('Debezium reads the log', stack.isSlotActive, { timeoutMs: PART_MS });
    await until('records come by Kafka again', comesByKafka, { timeoutMs: PART_MS });
    for (const { started } of replicas.values()) await started;
  });

  test('say so when their store is lost, and when it is back', { timeout: 180_000 }, async () => {
    stack.parts.postgres.kill();
    for (const service of SERVICES) {
      const isLost = async () => (await servingOf(service)) === Serving.NOT_SERVING;
      await until(`${service} has lost its store`, isLost, { timeoutMs: PART_MS });
    }
    await stack.parts.postgres.start();
    for (const service of SERVICES) await serves(service);
    await until('records come by Kafka again', comesByKafka, { timeoutMs: PART_MS });
  });

  async function startFirst(service: Service): Promise<Replica> {
    const replica = { service, index: 0, port: await freePort(), entry: undefined, env: {} };
    const address = addressOf(replica);
    const part = stack.newPart({ ...serviceSpec(stack, replica), readyTimeoutMs: 150_000 });
    const started = part.start();
    started.catch(() => undefined); // awaited at the end
    return {
      part,
      address,
      started,
      health: new HealthClient(address, credentials.createInsecure(), RECONNECT),
    };
  }

  function of(service: Service): Replica {
    const found = replicas.get(service);
    if (found === undefined) throw new Error(`no ${service}`);
    return found;
  }

  async function servingOf(service: Service): Promise<Serving | undefined> {
    const { health } = of(service);
    try {
      return (await unaryCall(health.check.bind(health), { service: '' })).status;
    } catch {
      return undefined; // it does not listen yet
    }
  }

  /** It says so to health checks and to callers. */
  async function isWaiting(service: Service): Promise<boolean> {
    if ((await servingOf(service)) !== Serving.NOT_SERVING) return false;
    const fault = await faultOf(anyCall(service));
    expect(fault.code).toBe(status.UNAVAILABLE);
    expect(fault.reason).toMatch(/^(EVENT_STORE|PROJECTION)_UNAVAILABLE$/);
    expect(fault.retryAfterMs).toBeGreaterThan(0);
    return true;
  }

  function anyCall(service: Service): Promise<unknown> {
    const { bulk, queries, projector } = client;
    const options = { deadlineMs: 5_000 };
    if (service === 'command') {
      return unaryCall(bulk.getSubmission.bind(bulk), { submissionId: 'any' }, options);
    }
    if (service === 'projector') {
      return unaryCall(projector.getProjectionStatus.bind(projector), {}, options);
    }
    const request = { accountId: random.uuid(), minVersion: 0n };
    return unaryCall(queries.getAccount.bind(queries), request, options);
  }

  async function serves(service: Service): Promise<void> {
    const isServing = async () => (await servingOf(service)) === Serving.SERVING;
    await until(`${service} serves`, isServing, { timeoutMs: PART_MS });
  }

  /** Each names the part and the problem. */
  async function areWaitingFor(problem: string): Promise<void> {
    const names = {
      command: 'event store',
      query: 'projection store',
      projector: 'store',
    } as const;
    for (const service of SERVICES) {
      const said = () =>
        readFileSync(of(service).part.logFile, 'utf8')
          .split('\n')
          .some((line) => line.includes(`Waiting for the`) && line.includes(problem));
      await until(`${service} says that it waits: ${problem}`, said);
      const log = readFileSync(of(service).part.logFile, 'utf8');
      expect(log).toMatch(new RegExp(`Waiting for the .*${names[service]}`));
    }
  }

  async function setUp(): Promise<void> {
    const { postgres: _superuser, ...passwords } = stack.folder.passwords;
    await setUpDatabases({
      eventStoreUrl: stack.eventStoreUrl,
      projectionStoreUrl: stack.projectionStoreUrl,
      partitions: PARTITIONS,
      passwords,
      onStep: () => undefined,
    });
  }

  /** A payroll is acknowledged, and no more records were filled for it. */
  async function comesByKafka(): Promise<boolean> {
    const before = await filled();
    const payroll = makePayroll(random, { accounts: 2, items: 10 });
    await openAccounts(client, payroll);
    await sendDeposits(client, payroll);
    await readFeed(client, payroll.submissionId);
    return (await filled()) === before;
  }

  async function filled(): Promise<bigint> {
    const { projector } = client;
    return (await unaryCall(projector.getProjectionStatus.bind(projector), {})).filledRecords;
  }
});
