/**
 * The proxy that loses answers, in front of a small server that speaks enough of PostgreSQL's
 * protocol: for each request it answers what the request's text asks for.
 */
import { connect, createServer, type Server } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startCuttingProxy, type CuttingProxy } from '#test/support/cutting-proxy.ts';
import { portOf } from '#test/support/port-of.ts';
import { until } from '#test/support/until.ts';

const message = (type: string, body: string) => {
  const bytes = Buffer.alloc(5 + body.length);
  bytes.write(type);
  bytes.writeUInt32BE(4 + body.length, 1);
  bytes.write(body, 5);
  return bytes;
};
const DONE = Buffer.concat([message('C', 'SELECT 1'), message('Z', 'I')]);
const IN_TRANSACTION = message('Z', 'T');
const REFUSED = Buffer.concat([message('E', 'no'), message('Z', 'I')]);

describe('a cutting proxy', () => {
  let server: Server;
  let proxy: CuttingProxy;
  let seen: string;
  beforeEach(async () => {
    seen = '';
    server = createServer((socket) => {
      socket.on('error', () => socket.destroy());
      socket.on('data', (bytes) => {
        seen += bytes.toString();
        const text = bytes.toString();
        const answer = text.includes('open') ? IN_TRANSACTION : DONE;
        // In two pieces, so that a message stands across a border.
        const whole = text.includes('bad') ? REFUSED : answer;
        socket.write(whole.subarray(0, 3));
        setTimeout(() => socket.write(whole.subarray(3)), 2);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    proxy = await startCuttingProxy({ host: '127.0.0.1', port: portOf(server) });
  });
  afterEach(async () => {
    await proxy.close();
    await new Promise((resolve) => server.close(resolve));
  });

  const call = () => {
    const socket = connect(proxy.port, proxy.host);
    const got = { bytes: Buffer.alloc(0), closed: false };
    socket.on('data', (bytes) => (got.bytes = Buffer.concat([got.bytes, bytes])));
    socket.on('error', () => (got.closed = true));
    socket.on('close', () => (got.closed = true));
    return { socket, got };
  };
  const answered = (got: { bytes: Buffer }, wanted: Buffer) =>
    until('the answer', () => got.bytes.equals(wanted));

  test('forwards both ways', async () => {
    const { socket, got } = call();
    socket.write('select 1');
    await answered(got, DONE);
    expect(seen).toBe('select 1');
  });

  test('cuts before the server has seen the request', async () => {
    const { socket, got } = call();
    const cut = proxy.arm({ text: 'append_batch', moment: 'before the server has seen it' });
    socket.write('select append_batch()');
    await cut.done;
    await until('the end', () => got.closed);
    expect(seen).toBe('');
    expect(got.bytes).toHaveLength(0);
  });

  test('cuts after the server has committed, and swallows the answer', async () => {
    const { socket, got } = call();
    const cut = proxy.arm({ text: 'append_batch', moment: 'after the server has committed' });
    socket.write('select append_batch()');
    await cut.done;
    await until('the end', () => got.closed);
    expect(seen).toBe('select append_batch()');
    expect(got.bytes).toHaveLength(0);
  });

  test('finds a text that is cut in two', async () => {
    const { socket } = call();
    const cut = proxy.arm({ text: 'append_batch', moment: 'before the server has seen it' });
    socket.write('select append_');
    await until('the first half', () => seen.length > 0);
    socket.write('batch()');
    await cut.done;
  });

  test('lets an error pass and cuts the next try', async () => {
    const { socket, got } = call();
    const cut = proxy.arm({ text: 'append_batch', moment: 'after the server has committed' });
    socket.write('bad append_batch()');
    await answered(got, REFUSED);
    socket.write('good append_batch()');
    await cut.done;
  });

  test('waits for the end of an open transaction', async () => {
    const { socket, got } = call();
    const cut = proxy.arm({ text: 'append_batch', moment: 'after the server has committed' });
    socket.write('open append_batch()');
    await answered(got, IN_TRANSACTION);
    socket.write('commit');
    await cut.done;
    expect(got.bytes.equals(IN_TRANSACTION)).toBe(true);
  });

  test('lets as many pass as it was told to', async () => {
    const { socket, got } = call();
    const cut = proxy.arm({ text: 'batch', moment: 'before the server has seen it', skip: 1 });
    socket.write('batch 1');
    await answered(got, DONE);
    socket.write('batch 2');
    await cut.done;
    expect(seen).toBe('batch 1');
  });

  test('forwards all that follows when it was disarmed', async () => {
    const { socket, got } = call();
    proxy.arm({ text: 'batch', moment: 'before the server has seen it' }).disarm();
    socket.write('batch');
    await answered(got, DONE);
  });
});
