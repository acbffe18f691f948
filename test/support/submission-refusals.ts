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
import { AccountCommandServiceService as COMMANDS } from '#proto/bank/v1/account_command_service.ts';
import { callUnary, type IntakeReplica } from '#test/support/intake-replica.ts';
import { depositing, submitBatch } from '#test/support/operations.ts';
import { reverse } from '#test/support/reversals.ts';
import type { SubmissionBench } from '#test/support/submission-bench.ts';
import { openUpload, UPLOAD_KINDS, type UploadKind } from '#test/support/upload-calls.ts';

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
type Call = Row['call'];

const { INVALID_ARGUMENT, NOT_FOUND, ALREADY_EXISTS, FAILED_PRECONDITION, UNAVAILABLE } = status;
const WRONG_TOTALS = ControlTotals.fromPartial({ items: 99n });

/** The rows of a method, from code, reason and call each. */
const of = (method: string, ...rows: [status, string, Call][]): Row[] =>
  rows.map(([code, reason, call]) => ({ method, code, reason, call }));

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
  of(
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

const BATCHES = of(
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

const CLOSINGS = of(
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

const REVERSALS = of(
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

const page = (submissionId: string, pageToken = '') => ({ submissionId, pageSize: 1, pageToken });

const READINGS = [
  ...of(
    'GetSubmission',
    [
      INVALID_ARGUMENT,
      'submission_id',
      ({ a }) => callUnary(a.bulk, BULK.getSubmission, { submissionId: '' }),
    ],
    [
      UNAVAILABLE,
      'EVENT_STORE_UNAVAILABLE',
      ({ cutOff }) => callUnary(cutOff.bulk, BULK.getSubmission, { submissionId: randomUUID() }),
    ],
    [
      NOT_FOUND,
      'SUBMISSION_NOT_FOUND',
      ({ a }) => callUnary(a.bulk, BULK.getSubmission, { submissionId: randomUUID() }),
    ],
  ),
  ...of(
    'ListRejections',
    [
      INVALID_ARGUMENT,
      'page_token',
      ({ a }) => callUnary(a.bulk, BULK.listRejections, page('unknown', 'x')),
    ],
    [
      UNAVAILABLE,
      'EVENT_STORE_UNAVAILABLE',
      ({ cutOff }) => callUnary(cutOff.bulk, BULK.listRejections, page('unknown')),
    ],
    [
      NOT_FOUND,
      'SUBMISSION_NOT_FOUND',
      ({ a }) => callUnary(a.bulk, BULK.listRejections, page('unknown')),
    ],
  ),
  ...of(
    'ListItemResults',
    [
      INVALID_ARGUMENT,
      'page_token',
      ({ a }) => callUnary(a.bulk, BULK.listItemResults, page('unknown', 'x')),
    ],
    [
      UNAVAILABLE,
      'EVENT_STORE_UNAVAILABLE',
      ({ cutOff }) => callUnary(cutOff.bulk, BULK.listItemResults, page('unknown')),
    ],
    [
      NOT_FOUND,
      'SUBMISSION_NOT_FOUND',
      ({ a }) => callUnary(a.bulk, BULK.listItemResults, page('unknown')),
    ],
  ),
];

const operation = (accountId: string) => ({ accountId, operationId: randomUUID() });

const OPERATIONS = of(
  'GetOperation',
  [
    INVALID_ARGUMENT,
    'account_id',
    ({ a }) => callUnary(a.commands, COMMANDS.getOperation, operation('mine')),
  ],
  [
    UNAVAILABLE,
    'EVENT_STORE_UNAVAILABLE',
    ({ cutOff }) => callUnary(cutOff.commands, COMMANDS.getOperation, operation(randomUUID())),
  ],
  [
    NOT_FOUND,
    'OPERATION_NOT_FOUND',
    ({ a }) => callUnary(a.commands, COMMANDS.getOperation, operation(randomUUID())),
  ],
);

export const SUBMISSION_REFUSALS: readonly Row[] = [
  ...UPLOADS,
  ...BATCHES,
  ...CLOSINGS,
  ...REVERSALS,
  ...READINGS,
  ...OPERATIONS,
];
