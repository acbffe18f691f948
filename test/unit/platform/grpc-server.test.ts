/** A real server: health, reflection, unary calls, limits and its end. */
import { Metadata, credentials, status } from '@grpc/grpc-js';
import type { ServiceError } from '@grpc/grpc-js';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { BulkModeServiceClient, BulkModeServiceService } from '#proto/bank/v1/bulk_mode_service.ts';
import type {
  GetBulkModeRequest,
  GetBulkModeResponse,
  StartBulkModeRequest,
  StartBulkModeResponse,
} from '#proto/bank/v1/bulk_mode_service.ts';
import { ServerReflectionClient } from '#proto/grpc/reflection/v1/reflection.ts';
import * as alpha from '#proto/grpc/reflection/v1alpha/reflection.ts';
import type { ServerReflectionResponse } from '#proto/grpc/reflection/v1/reflection.ts';
import {
  HealthClient,
  HealthCheckResponse_ServingStatus as Serving,
} from '#proto/health/v1/health.ts';
import { createGrpcServer, unimplemented } from '#platform/grpc-server.ts';
import type { GrpcServer } from '#platform/grpc-server.ts';
import { silentLogger } from '#platform/logger.ts';
import { startTelemetry } from '#platform/telemetry.ts';
import { unary } from '#platform/unary.ts';
import { sleep } from '#platform/waiting.ts';

const NAME = 'bank.v1.BulkModeService';

let grpc: GrpcServer;
let address: string;
let client: BulkModeServiceClient;
let aborted: Error[];
const opened: { close(): void }[] = [];

beforeEach(async () => {
  aborted = [];
  grpc = createGrpcServer({
    log: silentLogger,
    limits: { messageBytesMax: 100_000, requestMs: 300 },
  });
  const startBulkMode = unary(
    silentLogger,
    async (_request: StartBulkModeRequest, call): Promise<StartBulkModeResponse> => {
      await sleep(30_000, call.signal).catch((error: Error) => {
        aborted.push(error);
        throw error;
      });
      return { lease: undefined };
    },
  );
  const getBulkMode = unary(
    silentLogger,
    (_request: GetBulkModeRequest): Promise<GetBulkModeResponse> =>
      Promise.resolve({ active: true, leases: [], replicas: [] }),
  );
  grpc.server.addService(
    BulkModeServiceService,
    unimplemented(BulkModeServiceService, { startBulkMode, getBulkMode }),
  );
  address = await grpc.serve({ host: '127.0.0.1', port: 0 });
  client = open(new BulkModeServiceClient(address, credentials.createInsecure()));
});

afterEach(async () => {
  for (const one of opened.splice(0)) one.close();
  await grpc.drain(0);
});

function open<T extends { close(): void }>(one: T): T {
  opened.push(one);
  return one;
}

/** Makes a call by its callback; resolves to its error, or to the response. */
function outcome<Res>(
  call: (callback: (error: ServiceError | null, response: Res) => void) => unknown,
): Promise<ServiceError | Res> {
  return new Promise((resolve) => call((error, response) => resolve(error ?? response)));
}

const EMPTY = { holder: 'x', reason: '', ttl: undefined };

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(5);
}

test('a method is answered, one that is not built answers UNIMPLEMENTED', async () => {
  expect(await outcome((done) => client.getBulkMode({}, done))).toMatchObject({ active: true });
  expect(await outcome((done) => client.endBulkMode({ leaseId: 'x' }, done))).toMatchObject({
    code: status.UNIMPLEMENTED,
    details: `${NAME}/EndBulkMode is not served yet`,
  });
});

test('a deadline that passes aborts the handler', async () => {
  // Told to the server alone: a client that watches it too cancels first, or second.
  const metadata = new Metadata();
  metadata.set('grpc-timeout', '50m');
  const result = await outcome((done) => client.startBulkMode(EMPTY, metadata, done));
  expect(result).toMatchObject({ code: status.DEADLINE_EXCEEDED });
  await until(() => aborted.length === 1);
  expect(aborted[0]).toMatchObject({ code: status.DEADLINE_EXCEEDED });
});

test('a caller that cancels aborts the handler', async () => {
  const result = outcome((done) => {
    const call = client.startBulkMode(EMPTY, done);
    setTimeout(() => call.cancel(), 50);
  });
  expect(await result).toMatchObject({ code: status.CANCELLED });
  await until(() => aborted.length === 1);
  expect(aborted[0]).toMatchObject({ code: status.CANCELLED });
});

test('a message beyond the limit is refused and the server goes on', async () => {
  const request = { ...EMPTY, reason: 'x'.repeat(100_001) };
  expect(await outcome((done) => client.startBulkMode(request, done))).toMatchObject({
    code: status.RESOURCE_EXHAUSTED,
  });
  expect(await outcome((done) => client.getBulkMode({}, done))).toMatchObject({ active: true });
});

test('health follows what is set, and the whole server its parts', async () => {
  const health = open(new HealthClient(address, credentials.createInsecure()));
  const check = (service: string) => outcome((done) => health.check({ service }, done));
  expect(await check(NAME)).toEqual({ status: Serving.SERVING });
  expect(await check('')).toEqual({ status: Serving.SERVING });
  grpc.setServing(NAME, false);
  expect(await check(NAME)).toEqual({ status: Serving.NOT_SERVING });
  expect(await check('')).toEqual({ status: Serving.NOT_SERVING });
  grpc.setServing(NAME, true);
  expect(await check('')).toEqual({ status: Serving.SERVING });
  expect(await check('bank.v1.Other')).toMatchObject({ code: status.NOT_FOUND });
});

test('the metrics say whether the server serves', async () => {
  const env = { BANK_METRICS_LISTEN: '127.0.0.1:0' };
  const telemetry = await startTelemetry({ service: 'a-svc', instance: 'a-1', env });
  open({ close: () => void telemetry.shutdown() });
  const told = async (): Promise<string | undefined> => {
    const page = await (await fetch(`http://${telemetry.metricsAddress}/metrics`)).text();
    return /^bank_server_serving\S* (\d)$/m.exec(page)?.[1];
  };
  expect(await told()).toBe('1');
  grpc.setServing(NAME, false);
  expect(await told()).toBe('0');
});

test('a watch of health hears of changes and ends when the server drains', async () => {
  const health = open(new HealthClient(address, credentials.createInsecure()));
  const heard: number[] = [];
  const watch = health.watch({ service: NAME });
  const ended = new Promise<ServiceError>((resolve) => watch.on('error', resolve));
  watch.on('data', (message: { status: number }) => heard.push(message.status));
  await until(() => heard.length === 1);
  grpc.setServing(NAME, false);
  grpc.setServing(NAME, false);
  grpc.setServing(NAME, true);
  await until(() => heard.length === 3);
  const start = performance.now();
  await grpc.drain(5000);
  expect(performance.now() - start).toBeLessThan(2000);
  expect(await ended).toMatchObject({ code: status.UNAVAILABLE });
  expect(heard).toEqual([
    Serving.SERVING,
    Serving.NOT_SERVING,
    Serving.SERVING,
    Serving.NOT_SERVING,
  ]);
});

test('a drain waits for running calls, and cuts them after the grace', async () => {
  const running = outcome((done) => client.startBulkMode(EMPTY, done));
  await sleep(100);
  const start = performance.now();
  await grpc.drain(200);
  expect(performance.now() - start).toBeGreaterThan(190);
  expect(await running).toHaveProperty('code');
  await until(() => aborted.length === 1);
});

test('reflection lists the services of this server and describes them', async () => {
  const ask = async (
    reflection: ServerReflectionClient | alpha.ServerReflectionClient,
    messageRequest: {
      $case: 'listServices' | 'fileContainingSymbol' | 'fileByFilename';
      value: string;
    },
  ): Promise<ServerReflectionResponse> => {
    const call = reflection.serverReflectionInfo();
    const answer = new Promise<ServerReflectionResponse>((resolve, reject) => {
      call.on('data', resolve).on('error', reject);
    });
    call.write({ host: '', messageRequest });
    call.end();
    return answer;
  };
  for (const Client of [ServerReflectionClient, alpha.ServerReflectionClient]) {
    const reflection = open(new Client(address, credentials.createInsecure()));
    const list = await ask(reflection, { $case: 'listServices', value: '*' });
    expect(list.messageResponse?.value).toEqual({
      service: [
        { name: NAME },
        { name: 'grpc.health.v1.Health' },
        { name: 'grpc.reflection.v1.ServerReflection' },
      ],
    });
    for (const value of [
      NAME,
      `${NAME}.StartBulkMode`,
      'bank.v1.BulkModeLease',
      'grpc.health.v1.Health',
    ]) {
      const files = await ask(reflection, { $case: 'fileContainingSymbol', value });
      expect(files.messageResponse?.$case).toBe('fileDescriptorResponse');
    }
    const file = await ask(reflection, {
      $case: 'fileByFilename',
      value: 'bank/v1/bulk_mode_service.proto',
    });
    const value = file.messageResponse?.value;
    const count =
      typeof value === 'object' && 'fileDescriptorProto' in value
        ? value.fileDescriptorProto.length
        : 0;
    expect(count).toBeGreaterThan(1);
    const none = await ask(reflection, { $case: 'fileContainingSymbol', value: 'bank.v1.Nothing' });
    expect(none.messageResponse?.value).toMatchObject({ errorCode: status.NOT_FOUND });
  }
});

test('a taken port is an error that names the address', async () => {
  const second = createGrpcServer({ log: silentLogger });
  const port = Number(address.split(':')[1]);
  await expect(second.serve({ host: '127.0.0.1', port })).rejects.toThrow(address);
  await second.drain(0);
});
