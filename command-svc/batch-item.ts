/**
 * What travels from a handler through the batcher to process-batch: one command and where its
 * outcome goes. Every item is settled exactly once, whatever happens to the batch it is in.
 */
import type { Command } from '#domain/account.ts';
import type { Rejection } from '#domain/rejection.ts';
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

export type ItemOutcome =
  | { readonly kind: 'accepted'; readonly receipt: Receipt }
  | { readonly kind: 'rejected'; readonly rejection: Rejection; readonly stored: boolean }
  /** A newer stream owns the index now: nothing was stored for it by this one. */
  | { readonly kind: 'taken-over' }
  | { readonly kind: 'failed'; readonly error: RpcError };

/** A stream's hold on a range of indexes of a submission (table submission_claims). */
export type SubmissionClaim = {
  readonly tenant: string;
  readonly submissionId: string;
  readonly claimId: string;
};

export type ItemSource =
  | {
      readonly kind: 'unary';
      readonly deadlineMs: number | undefined;
      /** Aborts when the caller cancels. */
      readonly signal?: AbortSignal;
    }
  | { readonly kind: 'submission'; readonly claim: SubmissionClaim; readonly itemIndex: number };

export type BatchItem = {
  /** Undefined for a malformed item: `invalid` says why, and it is stored as refused. */
  readonly command: Command | undefined;
  readonly invalid: Rejection | undefined;
  /** As the caller wrote them, cut to 64 characters: they name the item in its rejection. */
  readonly accountText: string;
  readonly operationText: string;
  /** 8 bytes: the same content has the same hash. */
  readonly contentHash: Uint8Array;
  readonly partition: number;
  readonly source: ItemSource;
  /** Upper bound of the item's share of the packed row. */
  readonly bytes: number;
  /** W3C trace context of the caller's call or stream. */
  readonly traceparent: string | undefined;
  /** Called exactly once. One function a stream, not a closure an item. */
  readonly settle: (outcome: ItemOutcome, item: BatchItem) => void;
};
