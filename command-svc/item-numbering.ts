/**
 * Numbers the items of a stream. Indexes strictly ascend within it: a repeated one would be stored
 * twice, since a stream is fenced from others and not from itself. Pure; a message that breaks a
 * rule is refused whole, as INVALID_ARGUMENT, and what came before it stays.
 */
import { invalidArgument } from '#platform/grpc-errors.ts';
import type { ControlTotals, UploadOptions } from '#proto/bank/v1/bulk_service.ts';
import type { BulkMessage } from './bulk-messages.ts';
import { checkControlTotals } from './control-totals.ts';
import { checkSubmissionId } from './field-rules.ts';

/** What a stream says of itself in its first message. */
export type StreamPlan = {
  readonly submissionId: string;
  readonly firstIndex: number;
  /** The index after the last one that it may send, where it says so. */
  readonly endIndex: number | undefined;
  readonly leaveOpen: boolean;
  /** What the whole file says of itself, for the stream that closes. */
  readonly controlTotals: ControlTotals | undefined;
  /** Nothing is to be stored. */
  readonly validateOnly: boolean;
  /** The submission that this one undoes. */
  readonly reverses?: string;
};

export type ItemNumbering = {
  readonly plan: StreamPlan;
  /** The lowest index that the next item may have. */
  nextIndex: number;
  /**
   * True once the stream has named an index, by an item or by itself: then it knows where it ends.
   */
  placed: boolean;
};

/** From the first message; throws INVALID_ARGUMENT. */
export function startNumbering(message: BulkMessage<unknown>): ItemNumbering {
  const violations = checkSubmissionId(message.submissionId);
  if (violations.length > 0) throw invalidArgument([...violations]);
  const firstIndex = itemIndex('first_item_index', message.firstItemIndex) ?? 0;
  const endIndex = itemIndex('options.end_item_index', message.options?.endItemIndex);
  if (endIndex !== undefined && endIndex < firstIndex) {
    throw refused('options.end_item_index', `must be ${firstIndex} or more, the first index`);
  }
  const { submissionId, options } = message;
  const controlTotals = totalsOf(options);
  const leaveOpen = options?.leaveOpen ?? false;
  const validateOnly = options?.validateOnly ?? false;
  const placed = message.firstItemIndex !== undefined;
  const closing = { leaveOpen, controlTotals, validateOnly };
  const plan = { submissionId, firstIndex, endIndex, ...closing };
  return { plan, nextIndex: firstIndex, placed };
}

/** Of a call that carries a whole submission: its items are 0 to count - 1, and that is its end. */
export function wholeSubmission(submissionId: string, count: number): ItemNumbering {
  const closing = { leaveOpen: false, controlTotals: undefined, validateOnly: false };
  const plan = { submissionId, firstIndex: 0, endIndex: undefined, ...closing };
  return { plan, nextIndex: count, placed: true };
}

/**
 * The index of the message's first item; throws INVALID_ARGUMENT. The first message is placed too.
 */
export function placeMessage(
  numbering: ItemNumbering,
  message: BulkMessage<unknown>,
  isFirst: boolean,
): number {
  const { plan, nextIndex } = numbering;
  if (message.submissionId !== plan.submissionId) {
    throw refused('submission_id', `must be ${plan.submissionId} in every message of this stream`);
  }
  if (!isFirst && message.options !== undefined) {
    throw refused('options', 'must be in the first message of a stream only');
  }
  const first = itemIndex('first_item_index', message.firstItemIndex) ?? nextIndex;
  if (first < nextIndex) {
    throw refused('first_item_index', `must be ${nextIndex} or more: indexes ascend in a stream`);
  }
  const end = first + message.items.length;
  if (plan.endIndex !== undefined && end > plan.endIndex) {
    throw refused('options.end_item_index', `is ${plan.endIndex}: item ${end - 1} is beyond it`);
  }
  if (end > Number.MAX_SAFE_INTEGER) {
    throw refused('first_item_index', `must leave room below ${Number.MAX_SAFE_INTEGER}`);
  }
  numbering.nextIndex = end;
  if (message.firstItemIndex !== undefined || message.items.length > 0) numbering.placed = true;
  return first;
}

/**
 * The index after the last item, as far as the stream can say: what its end closes the submission
 * with.
 */
export function statedEnd(numbering: ItemNumbering): number | undefined {
  return numbering.plan.endIndex ?? (numbering.placed ? numbering.nextIndex : undefined);
}

/** Totals are of the whole file: only who closes it can be held to them. */
function totalsOf(options: UploadOptions | undefined): ControlTotals | undefined {
  const totals = options?.controlTotals;
  if (options === undefined || totals === undefined) return undefined;
  checkControlTotals(TOTALS_FIELD, totals);
  if (options.leaveOpen) throw refused(TOTALS_FIELD, 'must not be set with leave_open');
  if (options.validateOnly) throw refused(TOTALS_FIELD, 'must not be set with validate_only');
  return totals;
}

const TOTALS_FIELD = 'options.control_totals';

/** An index as a number; undefined when it is not given. */
export function itemIndex(field: string, index: bigint | undefined): number | undefined {
  if (index === undefined) return undefined;
  if (index < 0n || index > BigInt(Number.MAX_SAFE_INTEGER)) {
    throw refused(field, `must be 0 to ${Number.MAX_SAFE_INTEGER}`);
  }
  return Number(index);
}

function refused(field: string, description: string): ReturnType<typeof invalidArgument> {
  return invalidArgument([{ field, description }]);
}
