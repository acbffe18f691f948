/** What a caller is told of an error, and what it is not. */
import { Metadata, status } from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import {
  RpcError,
  decodeStatusDetails,
  invalidArgument,
  refusal,
  toServiceError,
} from '#platform/grpc-errors.ts';
import { createLogger, silentLogger } from '#platform/logger.ts';

test('malformed fields are told one by one', () => {
  const error = toServiceError(
    invalidArgument([
      { field: 'amount.minor_units', description: 'must be positive' },
      { field: 'account_id', description: 'must be a UUID' },
    ]),
    silentLogger,
  );
  expect(error.code).toBe(status.INVALID_ARGUMENT);
  expect(error.details).toBe('amount.minor_units: must be positive (and 1 more)');
  expect(decodeStatusDetails(error.metadata)).toEqual({
    code: status.INVALID_ARGUMENT,
    message: error.details,
    reason: undefined,
    domain: undefined,
    metadata: {},
    violations: [
      { field: 'amount.minor_units', description: 'must be positive' },
      { field: 'account_id', description: 'must be a UUID' },
    ],
    retryAfterMs: undefined,
  });
});

test('a refusal carries reason, metadata and when to try again', () => {
  const options = { metadata: { lane: '3' }, retryAfterMs: 1250 };
  const refused = refusal(status.RESOURCE_EXHAUSTED, 'QUEUE_FULL', 'the queue is full', options);
  const error = toServiceError(refused, silentLogger);
  expect(error).toMatchObject({ code: status.RESOURCE_EXHAUSTED, details: 'the queue is full' });
  expect(decodeStatusDetails(error.metadata)).toMatchObject({
    code: status.RESOURCE_EXHAUSTED,
    reason: 'QUEUE_FULL',
    domain: 'bank.v1',
    metadata: { lane: '3' },
    retryAfterMs: 1250,
  });
});

test('an error that is thrown again is not made anew', () => {
  const refused = refusal(status.RESOURCE_EXHAUSTED, 'QUEUE_FULL', 'the queue is full');
  const first = toServiceError(refused, silentLogger);
  expect(toServiceError(refused, silentLogger)).toBe(first);
  const another = refusal(status.RESOURCE_EXHAUSTED, 'QUEUE_FULL', 'another queue is full');
  expect(toServiceError(another, silentLogger).details).toBe('another queue is full');
});

test.each([
  ['an error', new Error('password=hunter2', { cause: new Error('inner') })],
  ['a text', 'hunter2'],
  ['nothing', undefined],
  ['an object with a code of its own', Object.assign(new Error('password=hunter2'), { code: 3 })],
])('%s that was not meant for the caller stays in the log', (_, thrown) => {
  const lines: string[] = [];
  const write = (line: string): void => void lines.push(line);
  const log = createLogger({ service: 's', instance: 'i', level: 'info', write });
  const error = toServiceError(thrown, log);
  expect(error).toMatchObject({ code: status.INTERNAL, details: 'internal error' });
  expect(decodeStatusDetails(error.metadata)).toBeUndefined();
  expect(lines).toHaveLength(1);
  if (!(thrown instanceof Error)) return;
  expect(lines[0]).toContain('password=(hidden)');
  expect(lines[0]).not.toContain('hunter2');
});

test('details are cut to what fits into a trailer', () => {
  const violations = Array.from({ length: 5000 }, (_, i) => ({
    field: `deposits[${i}].${'x'.repeat(500)}`,
    description: 'y'.repeat(5000),
  }));
  const error = toServiceError(invalidArgument(violations), silentLogger);
  const details = decodeStatusDetails(error.metadata);
  expect(details?.violations).toHaveLength(10);
  expect(error.details.length).toBeLessThanOrEqual(400);
  const [bytes] = error.metadata.get('grpc-status-details-bin');
  expect(bytes?.length).toBeLessThan(5 * 1024);
});

test('the cause is kept for whoever looks at the error here', () => {
  const cause = new Error('connection terminated');
  const error = new RpcError(status.UNAVAILABLE, 'the event store is away', { cause });
  expect(error.cause).toBe(cause);
  expect(toServiceError(error, silentLogger).cause).toBe(error);
});

test('metadata without details is answered undefined', () => {
  expect(decodeStatusDetails(new Metadata())).toBeUndefined();
});
