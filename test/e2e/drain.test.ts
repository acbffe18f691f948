/**
 * SIGTERM: health says NOT_SERVING, streams end with a status to go on from, what is in flight is
 * stored and answered, and the process ends by itself within 10 s. A second signal ends it at once.
 */
import { readFileSync } from 'node:fs';
import { credentials, status, type ServiceError } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { callFault, type CallFault } from '#client/call-fault.ts';
import { unaryCall } from '#client/unary-call.ts';
import { DepositRequest } from '#proto/bank/v1/account_command_service.ts';
import { WatchAccountRequest } from '#proto/bank/v1/account_query_service.ts';
import { StreamAcknowledgementsRequest } from '#proto/bank/v1/projector_service.ts';
import { SubscribeToEventsRequest } from '#proto/bank/v1/event_log_service.ts';
import {
  HealthCheckResponse_ServingStatus as Serving,
  HealthClient,
} from '#proto/health/v1/health.ts';
import { faultOf, openAccounts, readFeed, sendDeposits } from '#test/support/bank-calls.ts';
import { checkLedger } from '#test/support/ledger-check.ts';
import { openMesh, type Mesh } from '#test/support/mesh.ts';
import { makePayroll, type Payroll } from '#test/support/payroll.ts';
import { freshSeed, seededRandom } from '#test/support/random.ts';
import { until } from '#test/support/until.ts';

const END_MS_MAX = 10_000;
/** A drain that waits for what is held here takes longer. */
const AT_ONCE_MS_MAX = 5_000;

type Stream = NodeJS.EventEmitter & { cancel(): void };

describe('a service that gets SIGTERM', () => {
  let mesh: Mesh;
  const seed = freshSeed();
  const random = seededRandom(seed);
  beforeAll(async () => {
    mesh = await openMesh({ command: 1, query: 1, projector: 1 });
  });
  afterAll(() => mesh.close());

  test('command-svc stores what is in flight, and ends its streams resumable', async () => {
    const payroll = await openedPayroll(400);
    const one = await mesh.connectedTo('command-1');
    const health = await watchHealth('command');
    const feed = ended(one.eventLog.subscribeToEvents(SubscribeToEventsRequest.create()));
    const held = mesh.points.arm('append.before-send', { instance: 'command-1' });
    const upload = sendDeposits(one, payroll);
    await held.reached();
    const stopping = stopInTime('command-1');
    await until('health has said so', () => health.heard.includes(Serving.NOT_SERVING));
    expect(await feed).toMatchObject({ code: status.UNAVAILABLE, reason: 'STREAM_ROTATED' });
    held.release();
    const fault = await faultOf(upload);
    expect(fault).toMatchObject({ code: status.UNAVAILABLE, reason: 'SHUTTING_DOWN' });
    await stopping;
    await mesh.replica('command-1').start();
    // Sent again it goes on: what had been in flight is there, and counts once.
    const receipt = await sendDeposits(await mesh.connectedTo('command-1'), payroll);
    expect(receipt.duplicate).toBeGreaterThan(0n);
    const acknowledgements = new Map([
      [payroll.submissionId, await readFeed(mesh.client, payroll.submissionId)],
    ]);
    await checkLedger({ stores: mesh.stores, seed, payrolls: [payroll], acknowledgements });
  });

  test('a unary command in flight is answered, and its answer is stored', async () => {
    const payroll = await openedPayroll(1);
    const [account] = payroll.accounts;
    const one = await mesh.connectedTo('command-1');
    const held = mesh.points.arm('append.before-send', { instance: 'command-1' });
    const request = DepositRequest.fromPartial({
      accountId: account?.accountId ?? '',
      amount: { currencyCode: account?.currencyCode ?? '', minorUnits: 7n },
    });
    const answer = unaryCall(one.accounts.deposit.bind(one.accounts), request);
    await held.reached();
    const isStopping = stoppingAgain('command-1');
    const stopping = stopInTime('command-1');
    await isStopping();
    held.release();
    const { receipt } = await answer;
    await stopping;
    await mesh.replica('command-1').start();
    const { rows } = await mesh.stores.eventStore.query<{ version: bigint }>(
      'select max(version) as version from events where account_id = $1',
      [account?.accountId],
    );
    expect(rows[0]?.version).toBe(receipt?.version);
  });

  test('query-svc and projector-svc end their streams resumable', async () => {
    const payroll = await openedPayroll(10);
    await sendDeposits(mesh.client, { ...payroll, options: { leaveOpen: true } });
    const { accountId = '' } = payroll.accounts[0] ?? {};
    const { submissionId } = payroll;
    const { queries, projector } = mesh.client;
    const watch = ended(queries.watchAccount(WatchAccountRequest.fromPartial({ accountId })));
    const acknowledging = ended(
      projector.streamAcknowledgements(StreamAcknowledgementsRequest.fromPartial({ submissionId })),
    );
    const health = [await watchHealth('query'), await watchHealth('projector')];
    await Promise.all([stopInTime('query-1'), stopInTime('projector-1')]);
    const rotated = { code: status.UNAVAILABLE, reason: 'STREAM_ROTATED' };
    expect(await watch).toMatchObject(rotated);
    expect(await acknowledging).toMatchObject(rotated);
    for (const { heard } of health) {
      expect(heard).toEqual([Serving.SERVING, Serving.NOT_SERVING]);
    }
    await Promise.all([mesh.replica('query-1').start(), mesh.replica('projector-1').start()]);
  });

  test('and a second signal, ends at once', async () => {
    const payroll = await openedPayroll(20);
    const held = mesh.points.arm('append.before-send', { instance: 'command-1' });
    const upload = faultOf(sendDeposits(await mesh.connectedTo('command-1'), payroll));
    const { pid } = await held.reached();
    const isStopping = stoppingAgain('command-1');
    process.kill(pid, 'SIGTERM');
    await isStopping();
    const secondMs = performance.now();
    process.kill(pid, 'SIGTERM');
    await until('it is gone', () => !isAlive(pid), { everyMs: 5 });
    expect(performance.now() - secondMs).toBeLessThan(AT_ONCE_MS_MAX);
    held.release();
    await upload;
  });

  async function openedPayroll(items: number): Promise<Payroll> {
    const payroll = makePayroll(random, { accounts: 4, items });
    await openAccounts(await mesh.connectedTo('command-1'), payroll);
    return payroll;
  }

  async function stopInTime(instance: string): Promise<void> {
    const startedMs = performance.now();
    await mesh.replica(instance).stop();
    expect(performance.now() - startedMs).toBeLessThan(END_MS_MAX);
    expect(logOf(instance)).not.toContain('Could not close everything in time');
  }

  /** Answers what waits until the replica says it once more. */
  function stoppingAgain(instance: string): () => Promise<number> {
    const count = (): number => logOf(instance).split('is stopping').length;
    const before = count();
    return () => until(`${instance} is stopping`, () => count() > before && count());
  }

  function logOf(instance: string): string {
    return readFileSync(mesh.replica(instance).logFile, 'utf8');
  }

  /** Resolves when it has heard SERVING. */
  async function watchHealth(service: 'command' | 'query' | 'projector') {
    const [address = ''] = mesh.addresses[service];
    const call = new HealthClient(address, credentials.createInsecure()).watch({ service: '' });
    const heard: Serving[] = [];
    call.on('data', (message: { status: Serving }) => heard.push(message.status));
    call.on('error', () => undefined); // the end of the service
    await until('it serves', () => heard.includes(Serving.SERVING));
    return { heard };
  }
});

function ended(stream: Stream): Promise<CallFault | undefined> {
  return new Promise((resolve) => {
    stream.on('data', () => undefined);
    stream.on('end', () => setImmediate(() => resolve(undefined)));
    stream.on('error', (error: ServiceError) => resolve(callFault(error)));
  });
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
