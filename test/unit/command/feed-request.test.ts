/**
 * Requests to the event log: each field and its rule, and tokens, which are of one log and one
 * filter.
 */
import { ANYONE } from '#platform/caller.ts';
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { RpcError } from '#platform/grpc-errors.ts';
import {
  ReadAccountEventsRequest,
  SubscribeToEventsRequest,
} from '#proto/bank/v1/event_log_service.ts';
import { openAccountEventsRequest } from '../../../command-svc/account-event-reader.ts';
import { FeedPosition, feedTokens } from '../../../command-svc/feed-position.ts';
import type { FeedFilter } from '../../../command-svc/feed-filter.ts';
import { openFeedRequest } from '../../../command-svc/feed-request.ts';

const LOG = { logId: '11111111-2222-4333-8444-555555555555', partitionCount: 16 };
const OTHER_LOG = { ...LOG, logId: '22222222-2222-4333-8444-555555555555' };
const ACCOUNT = '3f2b8c1e-7a4d-4c55-9b60-1d2e3f4a5b6c';

type Request = Partial<SubscribeToEventsRequest>;
const token = (value: string): Request => ({ start: { $case: 'resumeToken', value } });

const after = (...places: [number, bigint][]): Request => {
  const positions = places.map(([partition, seq]) => ({ partition, seq }));
  return { start: { $case: 'after', value: { positions } } };
};

function violationsOf(open: () => unknown): string[] {
  try {
    open();
  } catch (error) {
    if (!(error instanceof RpcError)) throw error;
    const of = error.violations?.map(({ field, description }) => `${field} ${description}`);
    return of ?? [error.reason ?? error.message];
  }
  return [];
}

const subscribe = (request: Request, log = LOG): string[] =>
  violationsOf(() => openFeedRequest(SubscribeToEventsRequest.fromPartial(request), log));

test.each<[string, Request, string[]]>([
  ['nothing set', {}, []],
  ['every type', { types: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14] }, []],
  ['type 0', { types: [0] }, ['types must be event types that exist']],
  ['a type that is not known', { types: [1, -1] }, ['types must be event types that exist']],
  ['100 owners', { owners: Array.from({ length: 100 }, (_, n) => `${n}`) }, []],
  [
    '101 owners',
    { owners: Array.from({ length: 101 }, () => 'A') },
    ['owners must be 100 or fewer'],
  ],
  ['an empty owner', { owners: ['A', ''] }, ['owners an owner must not be empty']],
  ['an owner of 140 characters', { owners: ['\u00e9'.repeat(140)] }, []],
  [
    'an owner of 141 characters',
    { owners: ['x'.repeat(141)] },
    ['owners an owner must have 140 characters or fewer'],
  ],
  ['an owner with U+0000', { owners: ['\0'] }, ['owners an owner must not contain U+0000']],
  ['all partitions', { partitions: [15, 0, 15] }, []],
  ['a partition too high', { partitions: [0, 16] }, ['partitions must be from 0 to 15']],
  ['a partition too low', { partitions: [-1] }, ['partitions must be from 0 to 15']],
  [
    'three at once',
    { types: [0], owners: [''], partitions: [16] },
    [
      'types must be event types that exist',
      'owners an owner must not be empty',
      'partitions must be from 0 to 15',
    ],
  ],
  ['an empty token', token(''), []],
  [
    'a token of nobody',
    token('hello'),
    ['resume_token is not valid: it is not a token of this service'],
  ],
  ['positions', after([1, 7n], [15, 0n]), []],
  ['no position', after(), []],
  ['a position twice', after([1, 7n], [1, 7n]), ['after.positions must name a partition once']],
  ['a position below 0', after([1, -1n]), ['after.positions must have a seq of 0 or more']],
  [
    'a position of another partition',
    { ...after([1, 7n]), partitions: [2] },
    ['after.positions must be of the partitions that the feed asks for'],
  ],
  ['from now on', { start: { $case: 'fromNow', value: true } }, []],
])('%s', (_, request, expected) => {
  expect(subscribe(request)).toEqual(expected);
});

test.each<[string, Partial<ReadAccountEventsRequest>, string[]]>([
  ['an account', { accountId: ACCOUNT }, []],
  ['a version', { accountId: ACCOUNT, fromVersion: 2n ** 63n - 1n }, []],
  ['no account', {}, ['account_id is required']],
  [
    'an account that is no UUID',
    { accountId: 'x' },
    ['account_id must be a UUID: 8-4-4-4-12 hexadecimal digits'],
  ],
  [
    'a version below 0',
    { accountId: ACCOUNT, fromVersion: -1n },
    ['from_version must be 0 or more'],
  ],
])('ReadAccountEvents with %s', (_, request, expected) => {
  const full = ReadAccountEventsRequest.fromPartial(request);
  expect(violationsOf(() => openAccountEventsRequest(full, ANYONE))).toEqual(expected);
});

const ALL: FeedFilter = {
  types: undefined,
  owners: undefined,
  reach: undefined,
  partitions: [0, 3, 5],
};
const seq = fc.bigInt({ min: 0n, max: 2n ** 63n - 1n });
const position = fc
  .tuple(fc.tuple(seq, seq, seq), fc.tuple(fc.nat(), fc.nat(), fc.nat()))
  .map(([seqs, events]) => {
    const made = new FeedPosition(new Map(ALL.partitions.map((p, i) => [p, seqs[i] ?? 0n])));
    for (const [i, partition] of ALL.partitions.entries()) {
      if ((events[i] ?? 0) > 0) made.goneInto(partition, events[i] ?? 0);
    }
    return made;
  });

describe('a token', () => {
  it('says the position that it was made of', () => {
    fc.assert(
      fc.property(position, (made) => {
        const tokens = feedTokens(LOG.logId, ALL);
        const { logId, position: read } = tokens.read(tokens.write(made));
        expect(logId).toBe(LOG.logId);
        expect([...read.numbers()]).toEqual([...made.numbers()]);
      }),
    );
  });

  it('is refused when a character is changed, added or taken away', () => {
    const chars = fc.constantFrom('A', 'z', '-', '=', '%', '');
    fc.assert(
      fc.property(position, fc.nat(), chars, (made, at, char) => {
        const right = feedTokens(LOG.logId, ALL).write(made);
        const place = at % right.length;
        const wrong = right.slice(0, place) + char + right.slice(place + 1);
        fc.pre(wrong !== right && wrong !== '');
        const [violation] = subscribe({ partitions: [...ALL.partitions], ...token(wrong) });
        expect(violation).toMatch(/^resume_token is not valid/);
      }),
    );
  });

  it('is of its filter, however that is written, and of no other', () => {
    const filter: Request = { types: [2, 1], owners: ['ab', 'c'], partitions: [3, 1] };
    const opened = openFeedRequest(SubscribeToEventsRequest.fromPartial(filter), LOG);
    const made = opened.tokens.write(opened.start ?? FeedPosition.start([1, 3]));
    const same: Request = { types: [1, 2, 2], owners: ['c', 'ab'], partitions: [1, 3, 3] };
    expect(subscribe({ ...same, ...token(made) })).toEqual([]);
    const others: Request[] = [
      { types: [1] },
      { types: [] },
      { owners: ['abc'] },
      { owners: ['a', 'bc'] },
      { owners: [] },
      { partitions: [1] },
      { partitions: [] },
    ];
    for (const other of others) {
      expect(subscribe({ ...filter, ...other, ...token(made) })).toEqual([
        'resume_token is not valid: it is of another filter',
      ]);
    }
  });

  it('of another log says LOG_REPLACED', () => {
    const made = feedTokens(LOG.logId, { ...ALL, partitions: [1] });
    const request = { partitions: [1], ...token(made.write(FeedPosition.start([1]))) };
    expect(subscribe(request, OTHER_LOG)).toEqual(['LOG_REPLACED']);
    expect(subscribe(request)).toEqual([]);
  });
});
