/** Log lines: JSON with the service's name, and errors with all their causes. */
import { expect, test } from 'vitest';
import { z } from 'zod';
import { createLogger } from '#platform/logger.ts';

function capture(level = 'info') {
  const lines: Record<string, unknown>[] = [];
  const write = (line: string): void => void lines.push(z.looseObject({}).parse(JSON.parse(line)));
  return { lines, log: createLogger({ service: 'a-svc', instance: 'a-1', level, write }) };
}

test('a line holds level, message, service, instance and data', () => {
  const { lines, log } = capture();
  log.child({ partition: 3 }).info('Applied a batch.', { events: 12 });
  expect(lines).toEqual([
    expect.objectContaining({
      level: 'info',
      msg: 'Applied a batch.',
      service: 'a-svc',
      instance: 'a-1',
      partition: 3,
      events: 12,
    }),
  ]);
});

test('an error is written with its chain of causes', () => {
  const { lines, log } = capture();
  const cause = new Error('connection refused');
  log.error('Could not append.', { err: new Error('append failed', { cause }) });
  expect(JSON.stringify(lines[0])).toContain('append failed');
  expect(JSON.stringify(lines[0])).toContain('connection refused');
});

test('lines below the level are left out', () => {
  const { lines, log } = capture('warn');
  log.info('Nothing.');
  log.debug('Nothing.');
  log.warn('Something.');
  expect(lines.map((line) => line['msg'])).toEqual(['Something.']);
});
