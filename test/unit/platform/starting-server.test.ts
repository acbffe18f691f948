/** A server before it serves, and streams of reflection that are of no use any more. */
import { credentials, status } from '@grpc/grpc-js';
import type { ServiceError } from '@grpc/grpc-js';
import { afterEach, expect, test } from 'vitest';
import { decodeStatusDetails } from '#platform/grpc-errors.ts';
import { createGrpcServer, unimplemented } from '#platform/grpc-server.ts';
import { silentLogger } from '#platform/logger.ts';
import { unary } from '#platform/unary.ts';
import { BulkModeServiceClient, BulkModeServiceService } from '#proto/bank/v1/bulk_mode_service.ts';
import { ServerReflectionClient } from '#proto/grpc/reflection/v1/reflection.ts';
import {
  HealthClient,
  HealthCheckResponse_ServingStatus as Serving,
} from '#proto/health/v1/health.ts';

const NAME = 'bank.v1.BulkModeService';
const opened: { close(): void }[] = [];

afterEach(() => {
  for (const one of opened.splice(0)) one.close();
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

function isServiceError(result: unknown): result is ServiceError {
  return result instanceof Error && 'code' in result && 'metadata' in result;
}

test('while it waits for its parts it listens, and says so', async () => {
  const waiting = createGrpcServer({ log: silentLogger });
  const starting = {
    services: [BulkModeServiceService],
    reason: 'PROJECTION_UNAVAILABLE',
    message: 'it waits for its store',
  };
  const at = await waiting.listen({ host: '127.0.0.1', port: 0 }, starting);
  const caller = open(new BulkModeServiceClient(at, credentials.createInsecure()));
  const health = open(new HealthClient(at, credentials.createInsecure()));
  const check = (service: string) => outcome((done) => health.check({ service }, done));
  for (const service of ['', NAME]) {
    expect(await check(service)).toEqual({ status: Serving.NOT_SERVING });
  }
  const refused = await outcome((done) => caller.getBulkMode({}, done));
  if (!isServiceError(refused)) throw new Error('it was answered');
  expect(refused.code).toBe(status.UNAVAILABLE);
  expect(decodeStatusDetails(refused.metadata)).toMatchObject({
    reason: 'PROJECTION_UNAVAILABLE',
    retryAfterMs: 1_000,
  });
  const getBulkMode = unary(silentLogger, () =>
    Promise.resolve({ active: true, leases: [], replicas: [] }),
  );
  const handlers = unimplemented(BulkModeServiceService, { getBulkMode });
  waiting.server.addService(BulkModeServiceService, handlers);
  expect(await check('')).toEqual({ status: Serving.NOT_SERVING });
  waiting.open();
  expect(await check('')).toEqual({ status: Serving.SERVING });
  expect(await outcome((done) => caller.getBulkMode({}, done))).toMatchObject({ active: true });
  await waiting.drain(1_000);
  await waiting.drain(0); // it may be said twice
});

test('a stream of reflection that asks nothing more is ended', async () => {
  const server = createGrpcServer({ log: silentLogger, limits: { requestMs: 300 } });
  const address = await server.serve({ host: '127.0.0.1', port: 0 });
  const reflection = open(new ServerReflectionClient(address, credentials.createInsecure()));
  const call = reflection.serverReflectionInfo();
  const ended = new Promise<ServiceError>((resolve) => call.on('error', resolve));
  const answered = new Promise((resolve) => call.on('data', resolve));
  call.write({ host: '', messageRequest: { $case: 'listServices', value: '' } });
  await answered;
  const error = await ended;
  expect(error.code).toBe(status.DEADLINE_EXCEEDED);
  expect(decodeStatusDetails(error.metadata)?.reason).toBe('STREAM_IDLE');
  await server.drain(0);
});
