/**
 * A bulk upload from any iterable: parts of it travel side by side, each on a stream of its own
 * that goes on after faults, and the submission is closed when all is stored. What a run of before
 * has stored is not sent again, but for its last items, which must be those that are stored.
 * Promises: `stored` is the closed submission, or the first error, after which nothing more is
 * sent; each acknowledgement comes once, and the last one says that all can be read.
 */
import { retryWithBackoff } from '#platform/waiting.ts';
import type { BulkServiceClient, ControlTotals } from '#proto/bank/v1/bulk_service.ts';
import type {
  ProjectorServiceClient,
  StreamAcknowledgementsResponse,
} from '#proto/bank/v1/projector_service.ts';
import type { BulkReceipt, Submission } from '#proto/bank/v1/submission.ts';
import { followAcknowledgements } from './acknowledgements.ts';
import { bankError, withBankErrors } from './bank-error.ts';
import type { ItemSource } from './bulk-messages.ts';
import type { UploadRequest, UploadResult } from './bulk-upload.ts';
import { callFault, mayGoOn, type CallFault } from './call-fault.ts';
import { CLIENT_DEFAULTS, STREAM_RETRY, type RetryLimits } from './client-defaults.ts';
import { findSubmission } from './stored-progress.ts';
import { unaryCall } from './unary-call.ts';
import {
  endParts,
  ItemsDifferError,
  nextPart,
  partSource,
  uploadParts,
  type Items,
  type UploadPart,
} from './upload-parts.ts';

export type UploadRunOptions = {
  readonly submissionId: string;
  /** Streams side by side, each with a part in memory. Default: 2; up to 16. */
  readonly concurrency?: number;
  /** Items a stream, kept until they are stored. Default: 20,000. */
  readonly partItems?: number;
  readonly controlTotals?: ControlTotals;
  readonly leaveOpen?: boolean;
  readonly retry?: RetryLimits;
  /** Ends the run; what is stored stays, and the same call goes on there. */
  readonly signal?: AbortSignal;
  /** After each message sent, each part stored and each acknowledgement that was read. */
  readonly onProgress?: (progress: UploadProgress) => void;
  /** A stream broke; a new one follows after the delay. */
  readonly onBreak?: (fault: CallFault, attempt: number, delayMs: number) => void;
};

export type UploadProgress = {
  /** Items stored by runs of before. */
  readonly resumedAt: number;
  /** Items handed to streams, those of before included. */
  readonly sent: number;
  /** Items stored, whatever their outcome, those of before included. */
  readonly stored: number;
  /** Refused ones of this run. */
  readonly rejected: number;
  /** Accepted items that can be read; counts while acknowledgements are read. */
  readonly visible: number;
};

/** Acknowledgements by `for await`, from the first one on, to the end. */
export type UploadRun = AsyncIterable<StreamAcknowledgementsResponse> & {
  readonly submissionId: string;
  /** All is stored and, without leaveOpen, closed. */
  readonly stored: Promise<Submission>;
  readonly progress: UploadProgress;
};

/** What is uploaded: the method of the contract, and one stream of it that goes on after faults. */
export type UploadKind<Item> = {
  readonly method: string;
  readonly upload: (
    bulk: BulkServiceClient,
    source: ItemSource<Item>,
    request: UploadRequest,
  ) => Promise<UploadResult>;
};

type Services = { readonly bulk: BulkServiceClient; readonly projector: ProjectorServiceClient };

export function startUpload<Item>(
  services: Services,
  kind: UploadKind<Item>,
  source: Items<Item>,
  options: UploadRunOptions,
): UploadRun {
  return new Run(services, kind, source, options);
}

class Run<Item> implements UploadRun {
  readonly submissionId: string;
  readonly stored: Promise<Submission>;
  progress: UploadProgress = { resumedAt: 0, sent: 0, stored: 0, rejected: 0, visible: 0 };
  readonly #services: Services;
  readonly #kind: UploadKind<Item>;
  readonly #options: UploadRunOptions;
  readonly #end = new AbortController();
  /** Aborted by the caller, or by the first stream that fails. */
  readonly #signal: AbortSignal;

  constructor(
    services: Services,
    kind: UploadKind<Item>,
    source: Items<Item>,
    options: UploadRunOptions,
  ) {
    this.submissionId = options.submissionId;
    this.#services = services;
    this.#kind = kind;
    this.#options = options;
    this.#signal = AbortSignal.any([this.#end.signal, ...(options.signal ? [options.signal] : [])]);
    this.stored = this.#storeAll(source);
    // Whoever only reads acknowledgements hears of it there.
    this.stored.catch(() => undefined);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<StreamAcknowledgementsResponse, void, void> {
    const { submissionId } = this;
    const request = { submissionId, includeItemIndexes: true, signal: this.#signal };
    const followed = followAcknowledgements(this.#services.projector, request);
    try {
      for await (const message of withBankErrors('StreamAcknowledgements', followed)) {
        this.#advance({ visible: Number(message.progress?.projectedTotal ?? 0n) });
        yield message;
      }
    } catch (error) {
      if (this.#end.signal.aborted) await this.stored;
      throw error;
    }
  }

  async #storeAll(source: Items<Item>): Promise<Submission> {
    const { submissionId, concurrency = CLIENT_DEFAULTS.uploadStreams } = this.#options;
    try {
      const { bulk } = this.#services;
      const before = await this.#patiently((signal) => findSubmission(bulk, submissionId, signal));
      const resumedAt = Number(before?.nextItemIndex ?? 0n);
      const from = Math.max(0, resumedAt - CLIENT_DEFAULTS.comparedItems);
      this.#advance({ resumedAt, sent: from, stored: resumedAt });
      const partItems = this.#options.partItems ?? CLIENT_DEFAULTS.uploadPartItems;
      const parts = uploadParts(source, from, Math.max(1, partItems), resumedAt);
      const streams = Math.max(1, Math.min(concurrency, CLIENT_DEFAULTS.uploadStreamsMax));
      await this.#compareStored(parts, from, resumedAt)
        .then(() => Promise.all(Array.from({ length: streams }, () => this.#sendParts(parts))))
        .finally(() => endParts(parts));
      return await this.#close(before);
    } catch (error) {
      this.#end.abort(error);
      this.#options.signal?.throwIfAborted();
      throw bankError(this.#kind.method, error);
    }
  }

  /** Before anything new travels: other items would be stored beside it. */
  async #compareStored(
    parts: AsyncGenerator<UploadPart<Item>, void, void>,
    from: number,
    end: number,
  ): Promise<void> {
    for (let at = from; at < end;) {
      const next = await nextPart(parts, this.#signal);
      if (next.done === true) return;
      await this.#sendPart(next.value);
      at += next.value.items.length;
    }
  }

  /** One of the streams side by side: takes the next part when its last one is stored. */
  async #sendParts(parts: AsyncGenerator<UploadPart<Item>, void, void>): Promise<void> {
    try {
      for (;;) {
        const next = await nextPart(parts, this.#signal);
        if (next.done === true) return;
        await this.#sendPart(next.value);
      }
    } catch (error) {
      this.#end.abort(error);
      throw error;
    }
  }

  async #sendPart(part: UploadPart<Item>): Promise<void> {
    const { submissionId, retry, onBreak } = this.#options;
    const end = part.from + part.items.length;
    let sentTo = part.from;
    const onSent = (endIndex: number) => {
      this.#advance({ sent: this.progress.sent + endIndex - sentTo });
      sentTo = endIndex;
    };
    const { receipt } = await this.#kind.upload(this.#services.bulk, partSource(part), {
      submissionId,
      part: { from: part.from, end },
      sendsStored: part.from < this.progress.resumedAt,
      signal: this.#signal,
      onSent,
      ...(retry === undefined ? {} : { retry }),
      ...(onBreak === undefined ? {} : { onBreak }),
    });
    onSent(end); // what was stored when a stream broke was not sent again
    this.#partStored(part, receipt);
  }

  /** What is stored is sent again for its end alone, so that other items are noticed. */
  #partStored(part: UploadPart<Item>, receipt: BulkReceipt): void {
    const { stored, rejected, resumedAt } = this.progress;
    const [first] = receipt.firstRejections;
    if (part.from < resumedAt) {
      if (first === undefined) return;
      throw new ItemsDifferError(this.submissionId, first.itemIndex);
    }
    const more = Number(receipt.rejected);
    this.#advance({ stored: stored + part.items.length, rejected: rejected + more });
  }

  async #close(before: Submission | undefined): Promise<Submission> {
    const { submissionId, controlTotals, leaveOpen = false } = this.#options;
    const { bulk } = this.#services;
    // Nothing was sent, and nothing before: an empty part makes the submission known.
    if (before === undefined && this.progress.sent === 0) {
      await this.#sendPart({ from: 0, items: [] });
    }
    const request = { submissionId, endItemIndex: BigInt(this.progress.sent), controlTotals };
    const { submission } = await this.#patiently((signal) =>
      leaveOpen
        ? unaryCall(bulk.getSubmission.bind(bulk), { submissionId }, { signal })
        : unaryCall(bulk.closeSubmission.bind(bulk), request, { signal }),
    );
    if (submission === undefined) throw new Error('an answer without a submission');
    return submission;
  }

  /** A call that may be repeated, as long as the streams go on after the same faults. */
  #patiently<T>(call: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const signal = this.#signal;
    const retriable = (error: unknown) => mayGoOn(callFault(error));
    const retry = this.#options.retry ?? STREAM_RETRY;
    return retryWithBackoff({ ...retry, signal, retriable }, () => call(signal));
  }

  #advance(change: Partial<UploadProgress>): void {
    this.progress = { ...this.progress, ...change };
    this.#options.onProgress?.(this.progress);
  }
}
