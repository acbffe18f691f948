/**
 * Messages that carry items, as they come from the wire. Their bytes are kept until the stream
 * takes them: what waits in grpc-js' buffer costs its size and nothing more, and a message that is
 * too large or cannot be decoded is the stream's error (INVALID_ARGUMENT), not one of the
 * transport.
 */
import { type FieldViolation, invalidArgument } from '#platform/grpc-errors.ts';
import { refuseUnservedFields } from '#platform/unserved-fields.ts';
import type { OpenAccountRequest } from '#proto/bank/v1/account_command_service.ts';
import type { Operation } from '#proto/bank/v1/operation.ts';
import {
  BatchMode,
  BulkOpenAccountsRequest,
  BulkServiceService,
  BulkSubmitRequest,
  SubmitBatchRequest,
  type DepositItem,
  type UploadOptions,
} from '#proto/bank/v1/bulk_service.ts';
import { MESSAGE_BYTES_MAX, MESSAGE_ITEMS_MAX } from './bounds.ts';
import { decodeBulkDeposit } from './deposit-decoder.ts';
import { checkSubmissionId, optionalUuidRule } from './field-rules.ts';

/** A message of a stream. */
export type BulkMessage<Item> = {
  readonly submissionId: string;
  readonly items: readonly Item[];
  /** What holds them, for errors. */
  readonly itemsField: string;
  readonly firstItemIndex: bigint | undefined;
  readonly options: UploadOptions | undefined;
};

/** Bytes that are not decoded yet; undefined when there were too many. */
export type RawMessage = { readonly bytes: Buffer | undefined };

/** The service as grpc-js is to serve it: what carries items is received raw. */
export const bulkServiceDefinition = {
  ...BulkServiceService,
  bulkDeposit: { ...BulkServiceService.bulkDeposit, requestDeserialize: receiveRaw },
  bulkOpenAccounts: { ...BulkServiceService.bulkOpenAccounts, requestDeserialize: receiveRaw },
  bulkSubmit: { ...BulkServiceService.bulkSubmit, requestDeserialize: receiveRaw },
  submitBatch: { ...BulkServiceService.submitBatch, requestDeserialize: receiveRaw },
};

export function decodeDeposits(raw: RawMessage): BulkMessage<DepositItem> {
  const request = decoded(raw, decodeBulkDeposit);
  // All else is served: nothing to look for in a stream of one-item messages.
  if (request.options !== undefined) {
    refuseUnservedFields(request, ['deposits', ...SERVED_FIELDS], NOTHING_SET);
  }
  return bulkMessage(request, 'deposits', request.deposits);
}

export function decodeAccounts(raw: RawMessage): BulkMessage<OpenAccountRequest> {
  const request = decoded(raw, (bytes) => BulkOpenAccountsRequest.decode(bytes));
  refuseUnservedFields(request, ['accounts', ...SERVED_FIELDS], NOTHING_SET);
  return bulkMessage(request, 'accounts', request.accounts);
}

export function decodeOperations(raw: RawMessage): BulkMessage<Operation> {
  const request = decoded(raw, (bytes) => BulkSubmitRequest.decode(bytes));
  const served = ['operations', 'options.validate_only', ...SERVED_FIELDS];
  refuseUnservedFields(request, served, NOTHING_SET);
  return bulkMessage(request, 'operations', request.operations);
}

export function decodeDirectBatch(raw: RawMessage): SubmitBatchRequest {
  const request = decoded(raw, (bytes) => SubmitBatchRequest.decode(bytes));
  refuseUnservedFields(request, ['submission_id', 'mode', 'operations', 'bulk_mode_lease_id']);
  const violations: FieldViolation[] = [
    ...checkSubmissionId(request.submissionId),
    ...checkBatch(request),
  ];
  if (violations.length > 0) throw invalidArgument(violations);
  return request;
}

function checkBatch(request: SubmitBatchRequest): FieldViolation[] {
  const { mode, operations, bulkModeLeaseId } = request;
  const found: FieldViolation[] = [];
  if (mode !== BatchMode.BATCH_MODE_ATOMIC && mode !== BatchMode.BATCH_MODE_PER_ITEM) {
    const description = 'must be BATCH_MODE_ATOMIC or BATCH_MODE_PER_ITEM';
    found.push({ field: 'mode', description });
  }
  if (operations.length === 0 || operations.length > MESSAGE_ITEMS_MAX) {
    const description = `must hold 1 to ${MESSAGE_ITEMS_MAX} commands`;
    found.push({ field: 'operations', description });
  }
  const lease = optionalUuidRule(bulkModeLeaseId);
  if (lease !== undefined) found.push({ field: 'bulk_mode_lease_id', description: lease });
  return found;
}

const SERVED_FIELDS = [
  'submission_id',
  'first_item_index',
  'options.end_item_index',
  'options.leave_open',
  'options.control_totals',
] as const;
const NOTHING_SET = { firstItemIndex: undefined, options: undefined };

function receiveRaw(bytes: Buffer): RawMessage {
  return { bytes: bytes.length > MESSAGE_BYTES_MAX ? undefined : bytes };
}

function decoded<Request>(raw: RawMessage, decode: (bytes: Buffer) => Request): Request {
  if (raw.bytes === undefined) {
    throw malformedMessage({ field: '', description: 'a message must have 4 MiB or less' });
  }
  try {
    return decode(raw.bytes);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : 'unreadable bytes';
    throw malformedMessage({ field: '', description: `a message cannot be decoded: ${why}` });
  }
}

function bulkMessage<Item>(
  request: {
    submissionId: string;
    firstItemIndex?: bigint | undefined;
    options: UploadOptions | undefined;
  },
  itemsField: string,
  items: readonly Item[],
): BulkMessage<Item> {
  const { submissionId, firstItemIndex, options } = request;
  if (items.length > MESSAGE_ITEMS_MAX) {
    const description = `must be ${MESSAGE_ITEMS_MAX} or fewer in one message`;
    throw malformedMessage({ field: itemsField, description });
  }
  return { submissionId, items, itemsField, firstItemIndex, options };
}

function malformedMessage(violation: FieldViolation): ReturnType<typeof invalidArgument> {
  return invalidArgument([violation]);
}
