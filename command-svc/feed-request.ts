/**
 * Checks a request for the event feed: where it starts, and what it asks for. The token is of one
 * log and of one filter, since a feed that goes on with another filter would leave events out.
 */
import { status } from '@grpc/grpc-js';
import { ANYONE, type Caller } from '#platform/caller.ts';
import { invalidArgument, refusal, type FieldViolation } from '#platform/grpc-errors.ts';
import { InvalidToken } from '#platform/resume-token.ts';
import { EventType } from '#proto/bank/event/v1/events.ts';
import type { LogPositions, SubscribeToEventsRequest } from '#proto/bank/v1/event_log_service.ts';
import { reachOf } from './account-holder.ts';
import { FEED_OWNERS_MAX, FEED_TYPES_MAX } from './bounds.ts';
import type { FeedFilter } from './feed-filter.ts';
import { FeedPosition, feedTokens, type FeedTokens } from './feed-position.ts';
import { OWNER_CHARACTERS_MAX, textRule } from './field-rules.ts';

export type OpenedFeed = {
  readonly filter: FeedFilter;
  readonly tokens: FeedTokens;
  /** Undefined: only what is stored from now on. */
  readonly start: FeedPosition | undefined;
};

export type LogIdentity = { readonly logId: string; readonly partitionCount: number };

export function openFeedRequest(
  request: SubscribeToEventsRequest,
  log: LogIdentity,
  caller: Caller = ANYONE,
): OpenedFeed {
  const violations = [
    ...checkTypes(request.types),
    ...checkOwners(request.owners),
    ...checkPartitions(request.partitions, log.partitionCount),
  ];
  const filter = { ...filterOf(request, log.partitionCount), reach: reachOf(caller) };
  const { start } = request;
  if (start?.$case === 'after') violations.push(...checkAfter(start.value, filter));
  if (violations.length > 0) throw invalidArgument(violations);
  const tokens = feedTokens(log.logId, filter);
  if (start?.$case === 'after')
    return { filter, tokens, start: positionAfter(start.value, filter) };
  if (start?.$case === 'fromNow' && start.value) return { filter, tokens, start: undefined };
  const token = start?.$case === 'resumeToken' ? start.value : '';
  return { filter, tokens, start: positionOf(token, tokens, log) };
}

/** The log that callers' tokens are of is not the one that is served. */
export function logReplaced(why: string): Error {
  const message = `${why}: start again without a token`;
  return refusal(status.FAILED_PRECONDITION, 'LOG_REPLACED', message);
}

function positionOf(token: string, tokens: FeedTokens, log: LogIdentity): FeedPosition {
  try {
    const { logId, position } = tokens.read(token);
    if (logId !== log.logId) {
      throw logReplaced(`the token is of the log ${logId}, this is ${log.logId}`);
    }
    return position;
  } catch (error) {
    if (!(error instanceof InvalidToken)) throw error;
    const description = `is not valid: ${error.message}`;
    throw invalidArgument([{ field: 'resume_token', description }]);
  }
}

function checkAfter({ positions }: LogPositions, { partitions }: FeedFilter): FieldViolation[] {
  const field = 'after.positions';
  const named = new Set(positions.map(({ partition }) => partition));
  if (named.size < positions.length) {
    return [{ field, description: 'must name a partition once' }];
  }
  if (!positions.every(({ partition }) => partitions.includes(partition))) {
    return [{ field, description: 'must be of the partitions that the feed asks for' }];
  }
  if (positions.every(({ seq }) => seq >= 0n)) return [];
  return [{ field, description: 'must have a seq of 0 or more' }];
}

function positionAfter({ positions }: LogPositions, { partitions }: FeedFilter): FeedPosition {
  const start = FeedPosition.start(partitions);
  for (const { partition, seq } of positions) start.finish(partition, seq);
  return start;
}

const KNOWN_TYPES = new Set<number>(Object.values(EventType));

function checkTypes(types: readonly EventType[]): FieldViolation[] {
  if (types.length > FEED_TYPES_MAX) {
    return [{ field: 'types', description: `must be ${FEED_TYPES_MAX} or fewer` }];
  }
  if (types.every((type) => type > 0 && KNOWN_TYPES.has(type))) return [];
  return [{ field: 'types', description: 'must be event types that exist' }];
}

function checkOwners(owners: readonly string[]): FieldViolation[] {
  if (owners.length > FEED_OWNERS_MAX) {
    return [{ field: 'owners', description: `must be ${FEED_OWNERS_MAX} or fewer` }];
  }
  const rules = owners.map((owner) => textRule(owner, 1, OWNER_CHARACTERS_MAX));
  const broken = rules.find((rule) => rule !== undefined);
  return broken === undefined ? [] : [{ field: 'owners', description: `an owner ${broken}` }];
}

function checkPartitions(partitions: readonly number[], count: number): FieldViolation[] {
  if (partitions.length > count) {
    return [{ field: 'partitions', description: `must be ${count} or fewer` }];
  }
  if (partitions.every((partition) => partition >= 0 && partition < count)) return [];
  return [{ field: 'partitions', description: `must be from 0 to ${count - 1}` }];
}

function filterOf(
  request: SubscribeToEventsRequest,
  partitionCount: number,
): Omit<FeedFilter, 'reach'> {
  const { types, owners, partitions } = request;
  const all = Array.from({ length: partitionCount }, (_, partition) => partition);
  const asked = [...new Set(partitions)].toSorted((a, b) => a - b);
  return {
    types: types.length === 0 ? undefined : new Set<number>(types),
    owners: owners.length === 0 ? undefined : new Set(owners),
    partitions: asked.length === 0 ? all : asked,
  };
}
