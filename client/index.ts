/** What the package shows: the typed client of the bank. */
export { AmountError, formatMoney, money } from './money.ts';
export { BankError, type FieldViolation, type StatusName } from './bank-error.ts';
export { connectBank, type Bank, type ConnectOptions } from './connect-bank.ts';
export type { ClientTls } from './bank-access.ts';
export type { CallOptions, UnaryMethod, Wanted } from './unary-methods.ts';
export { ItemsMissingError, type Items } from './upload-parts.ts';
export type { UploadProgress, UploadRun, UploadRunOptions } from './upload-run.ts';
export type { SubmitOptions } from './operation-stream.ts';
export type { ResumeOptions } from './resumed-stream.ts';
export type { FollowRequest } from './acknowledgements.ts';
export type { EventFeedRequest } from './event-feed.ts';
export type { WatchOptions } from './watch-account.ts';
export type { StatementRequest } from './account-statement.ts';
export type { RetryLimits } from './client-defaults.ts';
export type * from '#proto/bank/v1/account.ts';
export { uuidV7 } from '#platform/uuid.ts';
