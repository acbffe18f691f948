/** A client of a Redis that is away: commands fail at once, and it is said once. */
import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { portOf } from '#test/support/port-of.ts';
import { until } from '#test/support/until.ts';
import { createLogger } from '#platform/logger.ts';
import { closeRedis, createRedis, isReady } from '#platform/redis.ts';

function capture() {
  const lines: string[] = [];
  const write = (line: string): void => void lines.push(line);
  return { lines, log: createLogger({ service: 's', instance: 'i', level: 'info', write }) };
}

test('without Redis a command fails at once', async () => {
  const { lines, log } = capture();
  const redis = createRedis('redis://:hunter2@127.0.0.1:9', 'locks', log);
  await until('it was tried', () => lines.length > 0);
  const start = performance.now();
  await expect(redis.get('x')).rejects.toThrow("Stream isn't writeable");
  expect(performance.now() - start).toBeLessThan(50);
  expect(isReady(redis)).toBe(false);
  expect(lines).toHaveLength(1);
  expect(lines[0]).not.toContain('hunter2');
  closeRedis(redis);
});

test('a Redis that does not answer is given up after the time-out', async () => {
  const silent = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (data) => {
      const commands = data.toString().split('*').length - 1;
      if (data.toString().includes('mykey')) return;
      for (let i = 0; i < commands; i++) socket.write('$12\r\nloading:0\r\nx\r\n');
    });
  });
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  const port = portOf(silent);
  const redis = createRedis(`redis://127.0.0.1:${port}`, 'cache', capture().log);
  await until('the connection', () => isReady(redis));
  const start = performance.now();
  await expect(redis.get('mykey')).rejects.toThrow('Command timed out');
  expect(performance.now() - start).toBeLessThan(1000);
  closeRedis(redis);
  silent.close();
});
