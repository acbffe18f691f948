/**
 * Every way in which a call about a submission as a whole is refused: one row a case, those of a
 * method in the order of precedence. In each, what comes later in that order would be refused too,
 * where one call can break both rules. Calls that end on their way are ended-uploads.ts, items that
 * are refused for themselves refusal-rows.ts.
 */
import { randomUUID } from 'node:crypto';
import { status } from '@grpc/grpc-js';
import {
  BatchMode,
  BulkServiceService as BULK,
  ControlTotals,
} from '#proto/bank/v1/bulk_service.ts';
import { callUnary, type IntakeReplica } from '#test/support/intake-replica.ts';
import { depositing, submitBatch } from '#test/support/operations.ts';
import { READING_REFUSALS } from '#test/support/reading-refusals.ts';
import {
  refusedCalls,
  type RefusedCall,
  type SubmissionGround,
} from '#test/support/refused-calls.ts';
import { reverse } from '#test/support/reversals.ts';
import { openUpload, UPLOAD_KINDS, type UploadKind } from '#test/support/upload-calls.ts';

type Call = RefusedCall<SubmissionGround>['call'];

const { INVALID_ARGUMENT, NOT_FOUND, ALREADY_EXISTS, FAILED_PRECONDITION, UNAVAILABLE } = status;
const WRONG_TOTALS = ControlTotals.fromPartial({ items: 99n });

function sent(
  kind: UploadKind,
  on: (ground: SubmissionGround) => { id: string; from: number; end: number; to?: IntakeReplica },
): Call {
  return (ground) => {
    const { id, from, end, to = ground.a } = on(ground);
    const upload = openUpload(ground, to, kind, id);
    upload.send({ from, end, options: { controlTotals: WRONG_TOTALS } });
    upload.halfClose();
    return upload.ended;
  };
}

const UPLOADS = UPLOAD_KINDS.flatMap((kind) =>
  refusedCalls(
    kind,
    [INVALID_ARGUMENT, 'submission_id', sent(kind, () => ({ id: 'a b', from: 1, end: 2 }))],
    [
      UNAVAILABLE,
      'EVENT_STORE_UNAVAILABLE',
      sent(kind, ({ closed, cutOff }) => ({ id: closed, from: 0, end: 9, to: cutOff })),
    ],
    [
      ALREADY_EXISTS,
      'OPERATION_ID_REUSED',
      sent(kind, ({ reversal }) => ({ id: reversal, from: 1, end: 2 })),
    ],
    [
      FAILED_PRECONDITION,
      'SUBMISSION_CLOSED',
      sent(kind, ({ closed }) => ({ id: closed, from: 2, end: 3 })),
    ],
    [
      FAILED_PRECONDITION,
      'SUBMISSION_INCOMPLETE',
      sent(kind, () => ({ id: randomUUID(), from: 1, end: 2 })),
    ],
    [
      FAILED_PRECONDITION,
      'CONTROL_TOTALS_MISMATCH',
      sent(kind, () => ({ id: randomUUID(), from: 0, end: 2 })),
    ],
  ),
);

function batch(
  on: (ground: SubmissionGround) => { id: string; to?: IntakeReplica },
  { mode = BatchMode.BATCH_MODE_ATOMIC, lease = '' }: { mode?: BatchMode; lease?: string } = {},
): Call {
  return (ground) => {
    const { id, to = ground.a } = on(ground);
    const operations = [3, 4, 5].map((n) => depositing(ground.deposit(n).accountId, n));
    return submitBatch(to, id, operations, mode, lease);
  };
}

const BATCHES = refusedCalls(
  'SubmitBatch',
  [
    INVALID_ARGUMENT,
    'mode',
    batch(({ closed }) => ({ id: closed }), {
      mode: BatchMode.BATCH_MODE_UNSPECIFIED,
      lease: randomUUID(),
    }),
  ],
  [
    FAILED_PRECONDITION,
    'LEASE_EXPIRED',
    batch(({ closed }) => ({ id: closed }), { lease: randomUUID() }),
  ],
  [
    UNAVAILABLE,
    'EVENT_STORE_UNAVAILABLE',
    batch(({ closed, cutOff }) => ({ id: closed, to: cutOff })),
  ],
  [ALREADY_EXISTS, 'OPERATION_ID_REUSED', batch(({ reversal }) => ({ id: reversal }))],
  [FAILED_PRECONDITION, 'SUBMISSION_CLOSED', batch(({ closed }) => ({ id: closed }))],
  [FAILED_PRECONDITION, 'SUBMISSION_INCOMPLETE', batch(({ open }) => ({ id: open }))],
);

function close(
  on: (ground: SubmissionGround) => { id: string; to?: IntakeReplica },
  endItemIndex?: bigint,
): Call {
  return (ground) => {
    const { id: submissionId, to = ground.a } = on(ground);
    const request = { submissionId, endItemIndex, controlTotals: WRONG_TOTALS };
    return callUnary(to.bulk, BULK.closeSubmission, request);
  };
}

const CLOSINGS = refusedCalls(
  'CloseSubmission',
  [INVALID_ARGUMENT, 'end_item_index', close(() => ({ id: randomUUID() }), -1n)],
  [
    UNAVAILABLE,
    'EVENT_STORE_UNAVAILABLE',
    close(({ closed, cutOff }) => ({ id: closed, to: cutOff }), 9n),
  ],
  [NOT_FOUND, 'SUBMISSION_NOT_FOUND', close(() => ({ id: randomUUID() }), 9n)],
  [FAILED_PRECONDITION, 'SUBMISSION_CLOSED', close(({ closed }) => ({ id: closed }), 9n)],
  [FAILED_PRECONDITION, 'SUBMISSION_INCOMPLETE', close(({ open }) => ({ id: open }), 9n)],
  [FAILED_PRECONDITION, 'CONTROL_TOTALS_MISMATCH', close(({ open }) => ({ id: open }))],
);

const REVERSALS = refusedCalls(
  'ReverseSubmission',
  [INVALID_ARGUMENT, 'reason', ({ a, closed }) => reverse(a, closed, randomUUID(), '')],
  [
    UNAVAILABLE,
    'EVENT_STORE_UNAVAILABLE',
    ({ cutOff, closed }) => reverse(cutOff, closed, randomUUID()),
  ],
  [NOT_FOUND, 'SUBMISSION_NOT_FOUND', ({ a, closed }) => reverse(a, closed, randomUUID())],
  [FAILED_PRECONDITION, 'SUBMISSION_INCOMPLETE', ({ a, closed, open }) => reverse(a, closed, open)],
  [
    ALREADY_EXISTS,
    'OPERATION_ID_REUSED',
    ({ a, closed, reversed }) => reverse(a, closed, reversed),
  ],
  [
    FAILED_PRECONDITION,
    'ALREADY_REVERSED',
    ({ a, reversed }) => reverse(a, randomUUID(), reversed),
  ],
);

export const SUBMISSION_REFUSALS: readonly RefusedCall<SubmissionGround>[] = [
  ...UPLOADS,
  ...BATCHES,
  ...CLOSINGS,
  ...REVERSALS,
  ...READING_REFUSALS,
];
