/** Limits of connections, each at its limit and one beyond it, against peers that do no better. */
import { status } from '@grpc/grpc-js';
import { afterEach, describe, expect, test } from 'vitest';
import type { ServerLimits } from '#platform/server-limits.ts';
import { GET, openLimitedServer, START, type LimitedServer } from '#test/support/limited-server.ts';
import {
  CODE,
  connectRaw,
  FRAME,
  grpcMessage,
  type RawConnection,
} from '#test/support/raw-http2.ts';
import { openUnreadCall } from '#test/support/unread-call.ts';
import { until } from '#test/support/until.ts';
import { startRequest } from '#test/support/limited-server.ts';

const NOTHING = Buffer.alloc(0);
let server: LimitedServer;
const opened: { close(): void }[] = [];

async function serve(limits: Partial<ServerLimits>): Promise<LimitedServer> {
  server = await openLimitedServer(limits);
  return server;
}

async function raw(): Promise<RawConnection> {
  const connection = await connectRaw(server.address);
  opened.push(connection);
  return connection;
}

const isGreeted = ({ frames }: RawConnection) => frames.some(({ type }) => type === FRAME.settings);

/** Another caller is served as if nothing was. */
async function othersAreServed(): Promise<void> {
  expect((await server.connect().call(GET, NOTHING)).code).toBe(status.OK);
}

afterEach(async () => {
  for (const one of opened.splice(0)) one.close();
  await server.close();
});

test('connections: one more is closed at once, and taken when another has gone', async () => {
  await serve({ connectionsMax: 2 });
  const [one, two] = [await raw(), await raw()];
  await until('both are greeted', () => isGreeted(one) && isGreeted(two));
  const three = await raw();
  await three.closed;
  expect(isGreeted(three)).toBe(false);
  const { code } = await server.connect().call(GET, NOTHING);
  expect(code).toBe(status.UNAVAILABLE);
  one.close();
  two.close();
  await until('there is room', async () => {
    return (await server.connect().call(GET, NOTHING)).code === status.OK;
  });
});

test('calls of a connection: one more is refused, and others are taken', async () => {
  await serve({ connectionStreamsMax: 3 });
  const one = await raw();
  for (const stream of [1, 3, 5]) one.begin(stream, GET);
  await until('three have begun', () => server.grpc.held().open === 3);
  one.begin(7, GET);
  await until('the fourth is refused', () => one.resetCode(7) === CODE.refusedStream);
  expect(one.isClosed()).toBe(false);
  await othersAreServed();
});

test('calls given up: as many as may be leave the connection, one more ends it', async () => {
  await serve({ connectionResetsMax: 2_000, connectionResetsPerS: 1 });
  const one = await raw();
  let stream = -1;
  const giveUp = (): void => {
    stream += 2;
    one.begin(stream, GET);
    one.send(FRAME.resetStream, 0, stream, Buffer.of(0, 0, 0, CODE.cancel));
  };
  for (let n = 0; n < 2_000; n++) giveUp();
  one.begin((stream += 2), GET);
  one.send(FRAME.data, 1, stream, grpcMessage(NOTHING));
  await until('the next call is answered', () =>
    one.frames.some((frame) => frame.type === FRAME.data && frame.stream === stream),
  );
  for (let n = 0; n < 10; n++) giveUp(); // time has passed: some more have become free
  await one.closed;
  expect(one.goAwayCode()).toBe(CODE.internalError);
  await othersAreServed();
});

describe('pings', () => {
  const ping = (connection: RawConnection) =>
    connection.send(FRAME.ping, 0, 0, Buffer.from('12345678'));
  const answers = ({ frames }: RawConnection) =>
    frames.filter(({ type }) => type === FRAME.ping).length;

  test('as many as may be are answered, one more ends the connection', async () => {
    await serve({ pingGapMinMs: 60_000, pingStrikesMax: 2 });
    const one = await raw();
    for (let n = 1; n <= 3; n++) {
      ping(one);
      await until('it is answered', () => answers(one) === n);
    }
    expect(one.isClosed()).toBe(false);
    ping(one);
    await one.closed;
    expect(one.goAwayCode()).toBe(CODE.enhanceYourCalm);
    await othersAreServed();
  });

  test('count for nothing while answers are sent, as of a client that measures', async () => {
    await serve({ pingGapMinMs: 60_000, pingStrikesMax: 2 });
    const one = await raw();
    for (let n = 1; n <= 8; n++) {
      one.begin(2 * n - 1, GET);
      one.send(FRAME.data, 1, 2 * n - 1, grpcMessage(NOTHING));
      const isAnswered = () =>
        one.frames.some(({ type, stream }) => type === FRAME.data && stream === 2 * n - 1);
      await until('the call is answered', isAnswered);
      ping(one);
      await until('it is answered', () => answers(one) === n);
    }
    expect(one.isClosed()).toBe(false);
  });

  test('as rare as may be are no strikes', async () => {
    await serve({ pingGapMinMs: 1, pingStrikesMax: 0 });
    const one = await raw();
    for (let n = 1; n <= 5; n++) {
      ping(one);
      await until('it is answered', () => answers(one) === n);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    expect(one.isClosed()).toBe(false);
  });
});

test('a connection without a call is closed after its time', async () => {
  await serve({ connectionIdleMs: 200 });
  const one = await raw();
  await one.closed;
  expect(one.goAwayCode()).toBe(CODE.noError);
  await othersAreServed();
});

test('a peer that is gone without a word is found, and its calls end', async () => {
  const { handled, grpc } = await serve({ keepaliveMs: 150, keepaliveTimeoutMs: 150 });
  const one = await raw(); // it answers no ping
  one.begin(1, START);
  one.send(FRAME.data, 1, 1, grpcMessage(startRequest({ holder: 'waits' })));
  await until('its call is in hand', () => handled.length === 1);
  await one.closed;
  await until('its call has ended', () => grpc.held().inHand === 0);
  expect(handled[0]?.signal.aborted).toBe(true);
});

describe('answers that are not taken', () => {
  const MANY = 400_000;
  const big = () => openUnreadCall(server.address, START, startRequest({ reason: String(MANY) }));

  test('end their connection when they are too many, and no other', async () => {
    await serve({ unsentBytesMax: 2 * MANY });
    const other = server.connect();
    const call = big();
    opened.push(call);
    await until('they wait', () => server.grpc.held().unsentBytes > MANY / 2);
    await new Promise((resolve) => setTimeout(resolve, 600)); // two looks
    expect(server.grpc.held().unsentBytes).toBeGreaterThan(MANY / 2);
    const more = [1, 2, 3].map(() => call.again(startRequest({ reason: String(MANY) })));
    await call.closed;
    expect(more.length).toBe(3);
    await until('nothing waits', () => server.grpc.held().unsentBytes === 0);
    expect((await other.call(GET, NOTHING)).code).toBe(status.OK);
  });

  test('of all connections together end the one that has taken least', async () => {
    await serve({ allUnsentBytesMax: 2.5 * MANY });
    const calls = [big(), big(), big()];
    opened.push(...calls);
    calls[1]?.again(startRequest({ reason: String(MANY) }));
    await calls[1]?.closed;
    const held = server.grpc.held().unsentBytes;
    expect(held).toBeLessThan(2.5 * MANY);
    expect(held).toBeGreaterThan(0);
    await othersAreServed();
  });
});

test('messages in part: over the budget the slowest gives way, and others come whole', async () => {
  await serve({ partialBytesMax: 10_000 });
  const one = await raw();
  const message = grpcMessage(startRequest({ holder: 'x'.repeat(4_000), reason: '0' }));
  for (const stream of [1, 3, 5]) {
    one.begin(stream, START);
    one.send(FRAME.data, 0, stream, message.subarray(0, 3_500));
  }
  await until('the first gave way', () => one.resetCode(1) === CODE.enhanceYourCalm);
  expect(server.grpc.held().partialBytes).toBe(2 * 3_500);
  for (const stream of [3, 5]) one.send(FRAME.data, 1, stream, message.subarray(3_500));
  await until('the others are handled', () => server.handled.length === 2);
  expect(server.grpc.held().partialBytes).toBe(0);
});

test('thousands of calls that send nothing cost little and keep nobody out', async () => {
  const streams = 1_000;
  await serve({ callsMax: 10 });
  const before = process.memoryUsage().rss;
  const connections = [await raw(), await raw(), await raw()];
  for (const connection of connections) {
    for (let n = 0; n < streams; n++) connection.begin(2 * n + 1, GET);
  }
  await until('all have begun', () => server.grpc.held().open === 3 * streams);
  await othersAreServed();
  expect(process.memoryUsage().rss - before).toBeLessThan(150 * 1024 * 1024);
  for (const connection of connections) connection.close();
  await until('nothing is left of them', () => server.grpc.held().open === 0);
}, 20_000);
