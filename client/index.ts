/** What the package shows: the typed client of the bank, and the messages that it speaks in. */
export { AmountError, formatMoney, money } from './money.ts';
export { BankError, type FieldViolation, type StatusName } from './bank-error.ts';
export { connectBank, type Bank, type ConnectOptions } from './connect-bank.ts';
export type { ClientTls } from './bank-access.ts';
export type { CallFault } from './call-fault.ts';
export type { CallOptions, UnaryMethod, Wanted } from './unary-methods.ts';
export { ItemsDifferError, ItemsMissingError, type Items } from './upload-parts.ts';
export type { UploadProgress, UploadRun, UploadRunOptions } from './upload-run.ts';
export type { SubmitOptions } from './operation-stream.ts';
export { IncompleteFeedError, type ResumeOptions } from './resumed-stream.ts';
export type { FollowRequest } from './acknowledgements.ts';
export type { AccountEventsOptions } from './account-events.ts';
export type { EventFeedRequest } from './event-feed.ts';
export type { ReconcileOptions } from './reconciliation.ts';
export type { ReversalRequest } from './submission-reversal.ts';
export type { StatementRequest } from './account-statement.ts';
export type { VerificationOptions } from './verification.ts';
export type { WatchOptions } from './watch-account.ts';
export type { RetryLimits } from './client-defaults.ts';
export { uuidV7 } from '#platform/uuid.ts';

export { AccountStatus, type Account, type Entry } from '#proto/bank/v1/account.ts';
export type { OpenAccountRequest } from '#proto/bank/v1/account_command_service.ts';
export {
  ListOrder,
  type ExportStatementResponse,
  type WatchAccountResponse,
} from '#proto/bank/v1/account_query_service.ts';
export { BatchMode, type ControlTotals, type DepositItem } from '#proto/bank/v1/bulk_service.ts';
export type { CommandReceipt } from '#proto/bank/v1/command_receipt.ts';
export { EntryType } from '#proto/bank/v1/entry_type.ts';
export {
  VerifyFindingKind,
  type AccountEvent,
  type SubscribeToEventsResponse,
  type VerifyEventsResponse,
} from '#proto/bank/v1/event_log_service.ts';
export { FeedState } from '#proto/bank/v1/feed_state.ts';
export type { Money } from '#proto/bank/v1/money.ts';
export type { Operation } from '#proto/bank/v1/operation.ts';
export {
  HealthState,
  RebuildState,
  type Progress,
  type ReconcileResponse,
  type StreamAcknowledgementsResponse,
} from '#proto/bank/v1/projector_service.ts';
export { SubmissionState, type ItemResult, type Submission } from '#proto/bank/v1/submission.ts';
export { EventType } from '#proto/bank/event/v1/events.ts';
