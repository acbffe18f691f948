/**
 * Every way in which a reading call about submissions and operations is refused: one row a case,
 * those of a method in the order of precedence.
 */
import { randomUUID } from 'node:crypto';
import { status } from '@grpc/grpc-js';
import { AccountCommandServiceService as UNARY } from '#proto/bank/v1/account_command_service.ts';
import { BulkServiceService as BULK } from '#proto/bank/v1/bulk_service.ts';
import { callUnary } from '#test/support/intake-replica.ts';
import { refusedCalls } from '#test/support/refused-calls.ts';

const { INVALID_ARGUMENT, NOT_FOUND, UNAVAILABLE } = status;

const page = (submissionId: string, pageToken = '') => ({ submissionId, pageSize: 1, pageToken });

const list = { pageSize: 0, pageToken: '', openOnly: false };

const READINGS = [
  ...refusedCalls(
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
  ...refusedCalls(
    'ListSubmissions',
    [
      INVALID_ARGUMENT,
      'page_size',
      ({ a }) => callUnary(a.bulk, BULK.listSubmissions, { ...list, pageSize: -1 }),
    ],
    [
      INVALID_ARGUMENT,
      'page_token',
      ({ a }) => callUnary(a.bulk, BULK.listSubmissions, { ...list, pageToken: 'x' }),
    ],
    [
      UNAVAILABLE,
      'EVENT_STORE_UNAVAILABLE',
      ({ cutOff }) => callUnary(cutOff.bulk, BULK.listSubmissions, list),
    ],
  ),
  ...refusedCalls(
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
  ...refusedCalls(
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

const OPERATIONS = refusedCalls(
  'GetOperation',
  [
    INVALID_ARGUMENT,
    'account_id',
    ({ a }) => callUnary(a.commands, UNARY.getOperation, operation('mine')),
  ],
  [
    UNAVAILABLE,
    'EVENT_STORE_UNAVAILABLE',
    ({ cutOff }) => callUnary(cutOff.commands, UNARY.getOperation, operation(randomUUID())),
  ],
  [
    NOT_FOUND,
    'OPERATION_NOT_FOUND',
    ({ a }) => callUnary(a.commands, UNARY.getOperation, operation(randomUUID())),
  ],
);

export const READING_REFUSALS = [...READINGS, ...OPERATIONS];
