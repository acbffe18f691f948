/**
 * What travels from a handler through the batcher to process-batch: one command and where its
 * outcome goes. Every item is settled exactly once, whatever happens to the batch it is in.
 */
import { availableMinor, type CarriedState } from '#domain/account.ts';
import type { Command } from '#domain/commands.ts';
import type { AccountEvent } from '#domain/events.ts';
import type { Rejection } from '#domain/rejection.ts';
import type { Caller } from '#platform/caller.ts';
import type { RpcError } from '#platform/grpc-errors.ts';

/** What a caller learns of an executed command. */
export type Receipt = {
  readonly accountId: string;
  /** Empty when the caller gave none. */
  readonly operationId: string;
  readonly version: bigint;
  readonly currencyCode: string;
  readonly balanceMinor: bigint;
  readonly availableMinor: bigint;
  /** True: executed by an earlier request with the same operation id and content. */
  readonly replayed: boolean;
  /** Microseconds since 1970-01-01 UTC. */
  readonly storedAtMicros: bigint;
};

export type CounterpartState = { readonly accountId: string; readonly after: CarriedState };

/** Executed: the state right after it. A receipt is made of it for those who are told one. */
export type Executed = {
  /** Replayed: by an earlier request with the same operation id and content. */
  readonly kind: 'accepted' | 'replayed';
  readonly after: CarriedState;
  /** Its last event in its account; undefined: there was nothing to do. */
  readonly event: AccountEvent | undefined;
  /**
   * The command's other account right after it. Undefined: it has none, or what is known comes from
   * stored bytes; then the event names it.
   */
  readonly counterpart: CounterpartState | undefined;
  /** What it moves, minor units. Absent: what is known comes from stored bytes. */
  readonly movedMinor?: bigint;
  /** Microseconds since 1970-01-01 UTC. */
  readonly storedAtMicros: bigint;
};

/** What is decided for an item, and, once it is stored, what became of it. */
export type ItemDecision = Executed | { readonly kind: 'rejected'; readonly rejection: Rejection };

export type ItemOutcome =
  | ItemDecision
  /** A newer stream owns the index now: nothing was stored for it by this one. */
  | { readonly kind: 'taken-over' }
  | { readonly kind: 'failed'; readonly error: RpcError };

/** A stream's hold on a range of indexes of a submission (table submission_claims). */
export type SubmissionClaim = {
  readonly tenant: string;
  readonly submissionId: string;
  readonly claimId: string;
};

/** Called exactly once an item. */
export type Settle = (outcome: ItemOutcome, item: BatchItem) => void;

export type UnaryOrigin = {
  readonly kind: 'unary';
  /** W3C trace context of the caller's call. */
  readonly traceparent: string | undefined;
  readonly caller: Caller;
  readonly settle: Settle;
  /** On the clock of performance.now(). */
  readonly deadlineAtMs: number | undefined;
  /** Aborts when the caller cancels. */
  readonly signal?: AbortSignal;
};

/** Shared by all items of a stream. */
export type SubmissionOrigin = {
  readonly kind: 'submission';
  readonly traceparent: string | undefined;
  readonly caller: Caller;
  readonly settle: Settle;
  readonly claim: SubmissionClaim;
  /** A call waits for it, with a deadline: it goes before what streams have brought. */
  readonly isDirect?: boolean;
};

/** An item's ids as its caller wrote them, cut to 64 characters: they name it in its rejection. */
export type WrittenIds = { readonly accountText: string; readonly operationText: string };

export type BatchItem = {
  /** Undefined for a malformed item: `invalid` says why, and it is stored as refused. */
  readonly command: Command | undefined;
  readonly invalid: Rejection | undefined;
  /** Undefined: as the command has them. */
  readonly written: WrittenIds | undefined;
  /** 8 characters of one byte each: the same content has the same hash. */
  readonly contentHash: string;
  readonly partition: number;
  /** Of its command's other account, when that stands elsewhere: it needs both lanes at once. */
  readonly otherPartition: number | undefined;
  /** Place in its submission; 0 for a command without one. */
  readonly itemIndex: number;
  /** Upper bound of the item's share of the packed row. */
  readonly bytes: number;
  readonly origin: UnaryOrigin | SubmissionOrigin;
};

/** What an item waits among: single commands, what direct batches bring, what streams bring. */
export const QUEUE_KINDS = ['unary', 'direct', 'bulk'] as const;
export type QueueKind = (typeof QUEUE_KINDS)[number];

export function queueKindOf({ origin }: BatchItem): QueueKind {
  if (origin.kind === 'unary') return 'unary';
  return origin.isDirect === true ? 'direct' : 'bulk';
}

/** The account that a refusal of the item names. */
export function accountTextOf({ command, written }: BatchItem): string {
  return written?.accountText ?? command?.accountId ?? '';
}

/** The operation that a refusal of the item names; empty for none. */
export function operationTextOf({ command, written }: BatchItem): string {
  return written?.operationText ?? command?.operationId ?? '';
}

/** What the caller of an executed command is told. */
export function receiptOf(
  command: { readonly accountId: string; readonly operationId: string | undefined },
  { kind, after, storedAtMicros }: Omit<Executed, 'event' | 'counterpart'>,
): Receipt {
  return {
    accountId: command.accountId,
    operationId: command.operationId ?? '',
    version: after.version,
    currencyCode: after.currencyCode,
    balanceMinor: after.balanceMinor,
    availableMinor: availableMinor(after),
    replayed: kind === 'replayed',
    storedAtMicros,
  };
}
