/** How the rows of the refusal tests are written, and what their calls stand on. */
import type { status } from '@grpc/grpc-js';
import type { IntakeReplica } from '#test/support/intake-replica.ts';
import type { SubmissionBench } from '#test/support/submission-bench.ts';

/** What the calls stand on. */
export type SubmissionGround = SubmissionBench & {
  /** Its event store cannot be reached. */
  cutOff: IntakeReplica;
  /** Open, with its first two items; closed, with two; an unfinished reversal of `closed`. */
  open: string;
  closed: string;
  reversal: string;
  /** Reversed by `undone`. */
  reversed: string;
  undone: string;
};

/** How a method's call is refused: with INVALID_ARGUMENT, `reason` is the field. */
export type RefusedCall<Ground> = {
  method: string;
  code: status;
  reason: string;
  call: (ground: Ground) => Promise<unknown>;
};
type Row = RefusedCall<SubmissionGround>;

/** The rows of a method, from code, reason and call each. */
export const refusedCalls = (method: string, ...rows: [status, string, Row['call']][]): Row[] =>
  rows.map(([code, reason, call]) => ({ method, code, reason, call }));
