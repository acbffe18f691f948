/** Limits of calls, each at its limit and one beyond it, with the status that its caller finds. */
import { compressionAlgorithms, Metadata, status } from '@grpc/grpc-js';
import { afterEach, expect, test } from 'vitest';
import { metadataBytes } from '#platform/call-metadata.ts';
import type { ServerLimits } from '#platform/server-limits.ts';
import {
  GET,
  openLimitedServer,
  START,
  startRequest,
  type LimitedServer,
} from '#test/support/limited-server.ts';
import { CODE, connectRaw, FLAG, FRAME, grpcMessage } from '#test/support/raw-http2.ts';
import { until } from '#test/support/until.ts';

let server: LimitedServer;

async function serve(limits: Partial<ServerLimits>): Promise<LimitedServer> {
  server = await openLimitedServer(limits);
  return server;
}

afterEach(() => server.close());

test('calls in hand: one more is told when to come back, and health goes on', async () => {
  const { grpc, handled } = await serve({ callsMax: 3 });
  const caller = server.connect();
  const waiting = [1, 2, 3].map(() => caller.call(START, { holder: 'waits' }));
  await until('three are in hand', () => handled.length === 3);
  expect(grpc.held().inHand).toBe(3);
  const refused = { code: status.RESOURCE_EXHAUSTED, reason: 'QUEUE_FULL', retryAfterMs: 1_000 };
  expect(await caller.call(START, { holder: 'waits' })).toMatchObject(refused);
  expect(await caller.call(GET, Buffer.alloc(0))).toMatchObject(refused);
  const health = await caller.call('/grpc.health.v1.Health/Check', Buffer.alloc(0));
  expect(health.code).toBe(status.OK);
  expect(handled.length).toBe(3);
  server.release();
  for (const one of await Promise.all(waiting)) expect(one.code).toBe(status.OK);
  expect((await caller.call(GET, Buffer.alloc(0))).code).toBe(status.OK);
  await until('nothing is in hand', () => grpc.held().inHand === 0);
});

test('one more is refused at the door, before its message has come', async () => {
  const { grpc, handled, address } = await serve({ callsMax: 1 });
  const caller = server.connect();
  const waiting = caller.call(START, { holder: 'waits' });
  await until('one is in hand', () => handled.length === 1);
  const raw = await connectRaw(address);
  for (const stream of [1, 3]) raw.begin(stream, GET); // and no message
  await until('both were answered', () => {
    const ended = raw.frames.filter(({ type, flags }) => type === FRAME.headers && flags === 5);
    return ended.length === 2;
  });
  expect(grpc.held()).toMatchObject({ inHand: 1, open: 0 });
  raw.send(FRAME.data, FLAG.endStream, 3, grpcMessage(Buffer.alloc(0)));
  await until('the one that never ends was reset', () => raw.resetCode(1) === 0);
  expect(raw.resetCode(3)).toBeUndefined();
  raw.close();
  server.release();
  expect((await waiting).code).toBe(status.OK);
  expect((await caller.call(GET, Buffer.alloc(0))).code).toBe(status.OK);
});

test('calls that are cancelled or broken off give their places back', async () => {
  const { grpc, handled } = await serve({ callsMax: 2 });
  const [one, two] = [await connectRaw(server.address), await connectRaw(server.address)];
  for (const raw of [one, two]) {
    raw.begin(1, START);
    raw.send(FRAME.data, FLAG.endStream, 1, grpcMessage(startRequest({ holder: 'waits' })));
  }
  await until('both are in hand', () => handled.length === 2);
  const cancel = Buffer.alloc(4);
  cancel.writeUInt32BE(CODE.cancel);
  one.send(FRAME.resetStream, 0, 1, cancel);
  two.close();
  await until('nothing is in hand', () => grpc.held().inHand === 0);
});

test('a unary call without a deadline has the default one', async () => {
  const { handled } = await serve({ deadlineDefaultMs: 150 });
  const caller = server.connect();
  const startedMs = performance.now();
  const answer = await caller.call(START, { holder: 'waits' });
  expect(answer).toMatchObject({ code: status.DEADLINE_EXCEEDED });
  expect(answer.message).toContain('the default of 150 ms');
  expect(performance.now() - startedMs).toBeGreaterThan(140);
  const [context] = handled;
  expect(context?.deadlineAtMs).toBeDefined();
  await until('the handler is told', () => context?.signal.aborted === true);
  expect(context?.signal.reason).toMatchObject({ code: status.DEADLINE_EXCEEDED });
});

test('a deadline of the caller stands, however far off', async () => {
  const { handled } = await serve({ deadlineDefaultMs: 150 });
  const metadata = new Metadata();
  metadata.set('grpc-timeout', '99999999H');
  const answer = server.connect().call(START, { holder: 'waits' }, { metadata });
  await until('it is in hand', () => handled.length === 1);
  const leftMs = (handled[0]?.deadlineAtMs ?? 0) - performance.now();
  expect(leftMs).toBeGreaterThan(20 * 24 * 3_600_000);
  server.release();
  expect((await answer).code).toBe(status.OK);
});

test('metadata: at its limit it is taken, a byte more is refused', async () => {
  const { handled } = await serve({ metadataBytesMax: 1_024 });
  const caller = server.connect();
  const withBytes = (count: number) => {
    const metadata = new Metadata();
    metadata.set('x-more', 'x'.repeat(count));
    return { metadata };
  };
  expect((await caller.call(START, { reason: '0' }, withBytes(1))).code).toBe(status.OK);
  const [first] = handled;
  if (first === undefined) throw new Error('the call was not handled');
  const room = 1_024 - metadataBytes(first.metadata);
  expect((await caller.call(START, { reason: '0' }, withBytes(1 + room))).code).toBe(status.OK);
  const refused = await caller.call(START, { reason: '0' }, withBytes(2 + room));
  expect(refused).toMatchObject({
    code: status.RESOURCE_EXHAUSTED,
    message: 'metadata: must have 1024 bytes or fewer',
  });
});

test('a message: at its limit it is taken, a byte more is refused', async () => {
  const bytes = startRequest({ holder: 'x', reason: '1' }).length;
  await serve({ messageBytesMax: bytes });
  const caller = server.connect();
  expect((await caller.call(START, { holder: 'x', reason: '1' })).code).toBe(status.OK);
  const { code } = await caller.call(START, { holder: 'xx', reason: '1' });
  expect(code).toBe(status.RESOURCE_EXHAUSTED);
});

test('a request that does not come whole is given up', async () => {
  const { grpc, address } = await serve({ requestMs: 200 });
  const raw = await connectRaw(address);
  raw.begin(1, GET);
  raw.begin(3, GET);
  raw.send(FRAME.data, 0, 3, grpcMessage(Buffer.alloc(0))); // and no end
  await until('both have begun', () => grpc.held().open === 2);
  await until('both were answered', () => {
    const ended = raw.frames.filter(({ type, flags }) => type === FRAME.headers && flags === 5);
    return ended.length === 2;
  });
  expect(grpc.held()).toMatchObject({ open: 0, inHand: 0 });
  await until('both were reset', () => raw.resetCode(1) === 0 && raw.resetCode(3) === 0);
  raw.close();
});

test('a request that ends after it was given up is not handled, and holds no place', async () => {
  const { grpc, address, handled } = await serve({ requestMs: 200, callsMax: 2 });
  const raw = await connectRaw(address);
  for (const stream of [1, 3, 5]) {
    raw.begin(stream, START);
    raw.send(FRAME.data, 0, stream, grpcMessage(startRequest({ holder: 'x', reason: '0' })));
  }
  await until('they were answered', () => {
    return raw.frames.filter(({ type }) => type === FRAME.headers).length === 3;
  });
  for (const stream of [1, 3, 5]) raw.send(FRAME.data, FLAG.endStream, stream);
  const caller = server.connect();
  expect((await caller.call(GET, Buffer.alloc(0))).code).toBe(status.OK);
  expect(handled.length).toBe(0);
  await until('nothing is in hand', () => grpc.held().inHand === 0);
  raw.close();
});

test('requests on their way: the oldest gives way to one more', async () => {
  const { grpc, address } = await serve({ openRequestsMax: 4 });
  const raw = await connectRaw(address);
  for (const stream of [1, 3, 5, 7]) raw.begin(stream, GET);
  await until('four have begun', () => grpc.held().open === 4);
  expect(raw.frames.some(({ type }) => type === FRAME.headers)).toBe(false);
  expect((await server.connect().call(GET, Buffer.alloc(0))).code).toBe(status.OK);
  await until('the first gave way', () => raw.frames.some(({ type }) => type === FRAME.headers));
  const answered = raw.frames.filter(({ type }) => type === FRAME.headers);
  expect(answered.map(({ stream }) => stream)).toEqual([1]);
  raw.close();
  await until('all are gone', () => grpc.held().open === 0);
});

test('bytes that are no message are the fault of the caller', async () => {
  await serve({});
  const caller = server.connect();
  for (const bytes of [Buffer.of(0xff), Buffer.of(0x0a, 0x7f), Buffer.of(0x0b), Buffer.of(0x0e)]) {
    const answer = await caller.call(START, bytes);
    expect(answer.code, bytes.toString('hex')).toBe(status.INVALID_ARGUMENT);
    expect(answer.message).toContain('the request cannot be decoded');
  }
});

test('a compressed message is refused before it is inflated', async () => {
  await serve({});
  const { gzip } = compressionAlgorithms;
  const compressing = server.connect({ 'grpc.default_compression_algorithm': gzip });
  const refused = await compressing.call(START, { holder: 'x'.repeat(1_000) });
  expect(refused.code).toBe(status.UNIMPLEMENTED);
  expect(refused.message).toContain('gzip (not served)');
  // One that only says what it could be is served.
  const metadata = new Metadata();
  metadata.set('grpc-encoding', 'gzip');
  const answer = await server.connect().call(GET, Buffer.alloc(0), { metadata });
  expect(answer.code).toBe(status.OK);
});
