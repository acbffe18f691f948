/**
 * Following a submission over feeds that are cut: each message once, resumed behind the last,
 * within bounds.
 */
import { status } from '@grpc/grpc-js';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { followAcknowledgements, IncompleteFeedError } from '#client/acknowledgements.ts';
import { StreamGivenUpError } from '#client/call-fault.ts';
import { refusal } from '#platform/grpc-errors.ts';
import { startFakeBank, unavailable, type FakeBank, type FeedAnswer } from './fake-bank.ts';

const TOTAL = 20;
const retry = { attempts: 4, attemptsTotal: 50, firstMs: 1, maxMs: 4 };

let bank: FakeBank;
beforeEach(async () => {
  bank = await startFakeBank();
});
afterEach(() => bank.close());

function* messages(from: number, cutAfter: number): Generator<FeedAnswer, void, void> {
  for (let n = from + 1; n <= TOTAL; n++) {
    if (n > from + cutAfter) {
      yield unavailable('STREAM_ROTATED');
      return;
    }
    const complete = n === TOTAL;
    const progress = {
      projectedTotal: BigInt(n),
      acceptedTotal: undefined,
      blockedTotal: 0n,
      complete,
    };
    yield { resumeToken: `token ${n}`, progress };
  }
}

async function follow(resumeToken = ''): Promise<number[]> {
  const seen: number[] = [];
  const request = { submissionId: 's', retry, resumeToken };
  for await (const { progress } of followAcknowledgements(bank.client.projector, request)) {
    seen.push(Number(progress?.projectedTotal));
  }
  return seen;
}

const numbers = (from: number) => Array.from({ length: TOTAL - from }, (_, n) => from + n + 1);
const placeOf = (token: string) => Number(token.replace('token ', ''));

test('a feed that is cut again and again is heard once', async () => {
  bank.feed = ({ resumeToken }, feed) => messages(placeOf(resumeToken), feed % 4);
  expect(await follow()).toEqual(numbers(0));
  expect(bank.feeds.length).toBeGreaterThan(5);
});

test('a follower goes on behind the token of an earlier one', async () => {
  bank.feed = ({ resumeToken }) => messages(placeOf(resumeToken), TOTAL);
  expect(await follow('token 17')).toEqual([18, 19, 20]);
});

test('a feed that brings nothing is given up', async () => {
  bank.feed = () => [unavailable()];
  await expect(follow()).rejects.toThrow(StreamGivenUpError);
  expect(bank.feeds).toHaveLength(retry.attempts);
});

test('a refused token is not tried again', async () => {
  bank.feed = () => [refusal(status.FAILED_PRECONDITION, 'LOG_REPLACED', 'another log')];
  await expect(follow()).rejects.toMatchObject({ fault: { reason: 'LOG_REPLACED' } });
  expect(bank.feeds).toHaveLength(1);
});

test('an end before the end is an error', async () => {
  bank.feed = () => [...messages(0, TOTAL)].slice(0, 3);
  await expect(follow()).rejects.toThrow(IncompleteFeedError);
});

test('a caller that stops reading ends the feed', async () => {
  bank.feed = () => messages(0, TOTAL);
  const request = { submissionId: 's', retry };
  for await (const { progress } of followAcknowledgements(bank.client.projector, request)) {
    if (progress?.projectedTotal === 3n) break;
  }
  expect(bank.feeds).toHaveLength(1);
});
