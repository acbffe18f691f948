/**
 * How much of each submission can be read, by the acknowledgements of the read side: followed for
 * the first few of a list that are open or were closed lately, a stream each. A stream that ends
 * with an error is opened again after a while; what it told stays. Nothing here throws.
 */
import { callFault, type CallFault } from '#client/call-fault.ts';
import { dateFromTimestamp } from '#platform/timestamps.ts';
import type { Acknowledgement, Progress } from '#proto/bank/v1/projector_service.ts';
import { SubmissionState, type Submission } from '#proto/bank/v1/submission.ts';
import type { BankReader } from './bank-reader.ts';
import { FOLLOWED } from './config.ts';

export type Visible = {
  /** undefined: nothing was told yet. */
  readonly progress: Progress | undefined;
  readonly fault: CallFault | undefined;
};

export type VisibleProgress = {
  /** Follows those of this list, newest first, and no others; answers what is known of them. */
  follow(submissions: readonly Submission[]): ReadonlyMap<string, Visible>;
  /** Count of items that became readable since they are followed, of all. */
  liveItems(): number;
  close(): void;
};

type Followed = {
  progress: Progress | undefined;
  fault: CallFault | undefined;
  /** undefined: no stream is open. */
  stream: AbortController | undefined;
  endedAtMs: number;
};

/** `isWanted`: which of a list are followed. Default: those that may still change. */
export function createVisibleProgress(
  reader: BankReader,
  isWanted: (submission: Submission) => boolean = isLively,
): VisibleProgress {
  const followed = new Map<string, Followed>();
  const openedAtMs = Date.now(); // what was readable before is history, and no rate of now
  let liveItems = 0;
  const count = (acknowledgement: Acknowledgement | undefined): void => {
    const at = acknowledgement?.projectedAt;
    if (at === undefined || dateFromTimestamp(at).getTime() < openedAtMs) return;
    liveItems += Number(acknowledgement?.itemCount ?? 0n);
  };
  return {
    liveItems: () => liveItems,
    follow(submissions) {
      const wanted = submissions.filter(isWanted).slice(0, FOLLOWED.streamsMax);
      const names = new Set(wanted.map(({ submissionId }) => submissionId));
      const listed = new Set(submissions.map(({ submissionId }) => submissionId));
      for (const [name, one] of followed) {
        if (!names.has(name)) one.stream?.abort(new Error('it is not looked at any more'));
        if (!listed.has(name)) followed.delete(name);
      }
      for (const name of names) {
        const one = followed.get(name) ?? notFollowed();
        followed.set(name, one);
        if (mayOpen(one)) void followOne(reader, name, one, count);
      }
      return followed;
    },
    close() {
      for (const { stream } of followed.values()) stream?.abort(new Error('nobody looks any more'));
    },
  };
}

function isLively({ state, closedAt }: Submission): boolean {
  if (state !== SubmissionState.SUBMISSION_STATE_CLOSED || closedAt === undefined) return true;
  return Date.now() - dateFromTimestamp(closedAt).getTime() < FOLLOWED.closedLatelyMs;
}

function notFollowed(): Followed {
  const endedAtMs = Number.NEGATIVE_INFINITY;
  return { progress: undefined, fault: undefined, stream: undefined, endedAtMs };
}

function mayOpen({ progress, stream, endedAtMs }: Followed): boolean {
  const isOver = progress?.complete === true || stream !== undefined;
  return !isOver && performance.now() - endedAtMs > FOLLOWED.retryMs;
}

async function followOne(
  reader: BankReader,
  name: string,
  one: Followed,
  count: (acknowledgement: Acknowledgement | undefined) => void,
): Promise<void> {
  const stream = new AbortController();
  one.stream = stream;
  try {
    for await (const message of reader.acknowledgements(name, stream.signal)) {
      const { progress, acknowledgement } = message;
      count(acknowledgement);
      one.progress = progress ?? one.progress;
      one.fault = undefined;
    }
  } catch (error) {
    if (!stream.signal.aborted) one.fault = callFault(causeOf(error));
  } finally {
    one.stream = undefined;
    one.endedAtMs = stream.signal.aborted ? Number.NEGATIVE_INFINITY : performance.now();
  }
}

/** A stream that was given up says so of what the service had answered. */
function causeOf(error: unknown): unknown {
  return error instanceof Error && error.cause !== undefined ? error.cause : error;
}
