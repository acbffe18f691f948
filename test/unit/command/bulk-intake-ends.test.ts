/**
 * How a stream ends before its time: each with its status, after its items in flight, and with its
 * claim deleted.
 */
import { status } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { RpcError } from '#platform/grpc-errors.ts';
import { createSlots } from '#platform/slots.ts';
import type { RawMessage } from '../../../command-svc/bulk-messages.ts';
import { tooManyUploads } from '../../../command-svc/take-stream.ts';
import {
  ACCEPTED,
  failure,
  intakeBench,
  MemoryStore,
  queued,
  raw,
} from '#test/support/memory-intake.ts';
import { until } from '#test/support/until.ts';

describe('a stream ends, after its items in flight and with its claim deleted,', () => {
  it('when a message goes back', async () => {
    const one = intakeBench();
    one.send(3);
    one.send(1, { firstItemIndex: 2n });
    await queued(one, 3);
    await until('the call is destroyed', () => one.call.destroyed);
    expect(one.store.claims).toBe(1);
    one.batcher.settleAll(ACCEPTED);
    expect((await failure(one.answer)).code).toBe(status.INVALID_ARGUMENT);
    expect(one.store.claims).toBe(0);
  });

  it.each<[string, RawMessage, string]>([
    ['cannot be decoded', raw(Uint8Array.of(0x12, 0xff)), 'cannot be decoded'],
    ['is too large', { bytes: undefined }, '4 MiB'],
  ])('when a message %s', async (_name, message, text) => {
    const one = intakeBench();
    one.call.write(message);
    const error = await failure(one.answer);
    expect(error.code).toBe(status.INVALID_ARGUMENT);
    expect(error.message).toContain(text);
  });

  it('when a message has too many items', async () => {
    const one = intakeBench();
    one.send(5_001);
    const error = await failure(one.answer);
    expect(error.message).toBe('deposits: must be 5000 or fewer in one message');
  });

  it('when it half-closes without a message', async () => {
    const one = intakeBench();
    one.call.end();
    expect((await failure(one.answer)).violations?.[0]?.field).toBe('submission_id');
  });

  it('when a field is set that is not served yet', async () => {
    const one = intakeBench();
    one.send(1, { options: { leaveOpen: true, validateOnly: true, controlTotals: undefined } });
    const error = await failure(one.answer);
    expect(error.code).toBe(status.UNIMPLEMENTED);
    expect(error.message).toContain('options.validate_only');
  });

  it('when no message comes for too long', async () => {
    const one = intakeBench({ idleMs: 40 });
    one.send(1);
    await queued(one, 1);
    one.batcher.settleAll(ACCEPTED);
    expect(await failure(one.answer)).toMatchObject({
      code: status.DEADLINE_EXCEEDED,
      reason: 'STREAM_IDLE',
    });
    expect(one.store.claims).toBe(0);
  });

  it('but not while it is the lane that is full', async () => {
    const one = intakeBench({ idleMs: 40, limit: 1 });
    one.send(2);
    one.call.end();
    await queued(one, 1);
    await new Promise((resolve) => setTimeout(resolve, 150));
    one.batcher.settleAll(ACCEPTED);
    await queued(one, 1);
    one.batcher.settleAll(ACCEPTED);
    expect((await one.answer).received).toBe(2n);
  });

  it('when the replica stops, also while it waits for room', async () => {
    const one = intakeBench({ limit: 1 });
    one.send(2);
    await queued(one, 1);
    one.stopping.abort();
    await until('the call is destroyed', () => one.call.destroyed);
    one.batcher.settleAll(ACCEPTED);
    expect(await failure(one.answer)).toMatchObject({
      code: status.UNAVAILABLE,
      reason: 'SHUTTING_DOWN',
      retryAfterMs: 500,
    });
    expect(one.batcher.taken).toBe(1);
    expect(one.store.claims).toBe(0);
  });

  it('when the caller cancels', async () => {
    const one = intakeBench();
    one.send(1);
    await queued(one, 1);
    one.call.emit('cancelled', 'cancelled');
    one.batcher.settleAll(ACCEPTED);
    expect((await failure(one.answer)).code).toBe(status.CANCELLED);
    expect(one.store.claims).toBe(0);
  });

  it('when an item fails, with the error of that item', async () => {
    const one = intakeBench();
    one.send(2);
    await queued(one, 2);
    const error = new RpcError(status.UNAVAILABLE, 'away', { reason: 'EVENT_STORE_UNAVAILABLE' });
    one.batcher.settleAll({ kind: 'failed', error });
    expect(await failure(one.answer)).toBe(error);
  });

  it('when a newer stream has taken over', async () => {
    const one = intakeBench();
    one.send(2);
    await queued(one, 2);
    one.batcher.settleAll({ kind: 'taken-over' });
    expect(await failure(one.answer)).toMatchObject({
      code: status.ABORTED,
      reason: 'SUBMISSION_TAKEN_OVER',
    });
  });

  it('when it goes beyond the total of a closed submission', async () => {
    const one = intakeBench({ store: new MemoryStore({ total: 0n }) });
    one.send(1);
    expect(await failure(one.answer)).toMatchObject({
      code: status.FAILED_PRECONDITION,
      reason: 'SUBMISSION_CLOSED',
    });
    expect(one.batcher.taken).toBe(0);
  });
});

describe('uploads at once', () => {
  it('are as many as may be; one more is refused, a silent one does not count', async () => {
    const uploads = createSlots(2, tooManyUploads);
    const silent = intakeBench({ uploads });
    const [one, two] = [intakeBench({ uploads }), intakeBench({ uploads })];
    for (const bench of [one, two]) {
      bench.send(1);
      await queued(bench, 1);
    }
    expect(uploads.taken()).toBe(2);
    const three = intakeBench({ uploads });
    three.send(1);
    expect(await failure(three.answer)).toMatchObject({
      code: status.RESOURCE_EXHAUSTED,
      reason: 'QUEUE_FULL',
      retryAfterMs: 1_000,
    });
    one.call.end();
    one.batcher.settleAll(ACCEPTED);
    await one.answer;
    silent.send(1);
    await queued(silent, 1);
    expect(uploads.taken()).toBe(2);
  });
});
