/** A handler of a stream on a real server: back-pressure, errors, callers that go away. */
import { credentials, Server, ServerCredentials, status } from '@grpc/grpc-js';
import type { ServiceError } from '@grpc/grpc-js';
import { afterEach, expect, test } from 'vitest';
import { BulkServiceClient, BulkServiceService } from '#proto/bank/v1/bulk_service.ts';
import { BulkSubmitRequest, BulkSubmitResponse } from '#proto/bank/v1/bulk_service.ts';
import { RpcError, invalidArgument } from '#platform/grpc-errors.ts';
import { unimplemented } from '#platform/grpc-server.ts';
import { silentLogger } from '#platform/logger.ts';
import { bidiStream } from '#platform/streaming.ts';
import { sleep } from '#platform/waiting.ts';
import { openUnreadCall, type UnreadCall } from '#test/support/unread-call.ts';
import { until } from '#test/support/until.ts';

const opened: (() => void)[] = [];

afterEach(() => {
  for (const close of opened.splice(0).toReversed()) close();
});

async function bulk(
  handler: Parameters<typeof bidiStream<BulkSubmitRequest, BulkSubmitResponse>>[1],
): Promise<BulkServiceClient> {
  const server = new Server();
  const handlers = { bulkSubmit: bidiStream(silentLogger, handler) };
  server.addService(BulkServiceService, unimplemented(BulkServiceService, handlers));
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  opened.push(() => server.forceShutdown());
  const client = new BulkServiceClient(`127.0.0.1:${port}`, credentials.createInsecure());
  opened.push(() => client.close());
  return client;
}

const request = (submissionId = 's') => BulkSubmitRequest.fromPartial({ submissionId });
const answer = () => BulkSubmitResponse.fromPartial({ results: [{ itemIndex: 1n }] });
/** Some 10 kB: a caller's window takes a few of them. */
const results = Array.from({ length: 1_000 }, () => ({ itemIndex: 1n << 40n }));
const big = () => BulkSubmitResponse.fromPartial({ results });

function unread(client: BulkServiceClient): UnreadCall {
  const address = client.getChannel().getTarget().replace('dns:', '');
  const bytes = BulkSubmitRequest.encode(request()).finish();
  const call = openUnreadCall(address, BulkServiceService.bulkSubmit.path, bytes);
  opened.push(call.close);
  return call;
}

function collect(
  call: NodeJS.EventEmitter,
): Promise<{ messages: number; error: ServiceError | undefined }> {
  return new Promise((resolve) => {
    let messages = 0;
    call.on('data', () => (messages += 1));
    call.on('error', (error: ServiceError) => resolve({ messages, error }));
    call.on('end', () => setImmediate(() => resolve({ messages, error: undefined })));
  });
}

test('it answers while it reads, and tells its error after what was sent', async () => {
  const client = await bulk(async (messages, send) => {
    for await (const message of messages) {
      if (message.submissionId === 'bad')
        throw invalidArgument([{ field: 'submission_id', description: 'bad' }]);
      await send(answer());
    }
  });
  const good = client.bulkSubmit();
  const goodEnd = collect(good);
  for (let i = 0; i < 10; i++) good.write(request());
  good.end();
  expect(await goodEnd).toEqual({ messages: 10, error: undefined });

  const bad = client.bulkSubmit();
  const badEnd = collect(bad);
  bad.write(request());
  bad.write(request('bad'));
  expect(await badEnd).toMatchObject({ messages: 1, error: { code: status.INVALID_ARGUMENT } });
});

test('sending waits while the caller does not read', async () => {
  let sent = 0;
  const client = await bulk(async (_messages, send) => {
    for (; sent < 200; sent++) await send(big());
  });
  const call = unread(client);
  await until('it sends', () => sent > 0);
  await sleep(300);
  expect(sent).toBeLessThan(12); // the window's; the 16 messages that a call buffers stay empty
  expect(await call.messages()).toBe(200);
});

test('a caller that goes away ends a send that waits', async () => {
  const ended = Promise.withResolvers<unknown>();
  let sent = 0;
  const client = await bulk(async (_messages, send) => {
    try {
      for (; ; sent++) await send(big());
    } catch (error) {
      ended.resolve(error);
      throw error;
    }
  });
  const call = unread(client);
  await until('it waits', () => sent > 0);
  await sleep(200);
  call.cancel();
  expect(await ended.promise).toMatchObject({ code: status.CANCELLED });
});

test('a caller that breaks off ends reading with an error, never like an end', async () => {
  const outcome = Promise.withResolvers<unknown>();
  const first = Promise.withResolvers<void>();
  const client = await bulk(async (messages) => {
    try {
      for await (const message of messages) first.resolve(void message);
      outcome.resolve('end');
    } catch (error) {
      outcome.resolve(error);
      throw error;
    }
  });
  const call = client.bulkSubmit();
  call.on('error', () => undefined);
  call.write(request());
  await first.promise;
  call.cancel();
  expect(await outcome.promise).toBeInstanceOf(RpcError);
  expect(await outcome.promise).toMatchObject({ code: status.CANCELLED });
});
