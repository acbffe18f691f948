/** Which scopes each method of command-svc needs. What undoes or opens in bulk is bulk too. */
import type { ScopeRows } from '#platform/method-scopes.ts';
import type { AccountCommandServiceService } from '#proto/bank/v1/account_command_service.ts';
import type { BulkModeServiceService } from '#proto/bank/v1/bulk_mode_service.ts';
import type { BulkServiceService } from '#proto/bank/v1/bulk_service.ts';
import type { EventLogServiceService } from '#proto/bank/v1/event_log_service.ts';

type Scope = 'accounts.read' | 'accounts.write' | 'bulk.write' | 'ops.read' | 'tenants.all';
type Rows<Service> = ScopeRows<Service, Scope>;

const ACCOUNT_COMMANDS: Rows<typeof AccountCommandServiceService> = {
  openAccount: ['accounts.write'],
  deposit: ['accounts.write'],
  withdraw: ['accounts.write'],
  transfer: ['accounts.write'],
  placeHold: ['accounts.write'],
  captureHold: ['accounts.write'],
  releaseHold: ['accounts.write'],
  setOverdraftLimit: ['accounts.write'],
  freezeAccount: ['accounts.write'],
  unfreezeAccount: ['accounts.write'],
  closeAccount: ['accounts.write'],
  reverseOperation: ['accounts.write'],
  getOperation: ['accounts.read'],
  eraseOwner: ['accounts.write'],
};

const BULK: Rows<typeof BulkServiceService> = {
  bulkOpenAccounts: ['bulk.write'],
  bulkDeposit: ['bulk.write'],
  bulkSubmit: ['bulk.write'],
  submitBatch: ['bulk.write'],
  closeSubmission: ['bulk.write'],
  reverseSubmission: ['bulk.write'],
  getSubmission: ['accounts.read'],
  listSubmissions: ['accounts.read'],
  listRejections: ['accounts.read'],
  listItemResults: ['accounts.read'],
};

const BULK_MODE: Rows<typeof BulkModeServiceService> = {
  startBulkMode: ['bulk.write'],
  renewBulkMode: ['bulk.write'],
  endBulkMode: ['bulk.write'],
  getBulkMode: ['ops.read'],
};

/** A check of the log looks at the accounts of all tenants. */
const EVENT_LOG: Rows<typeof EventLogServiceService> = {
  readAccountEvents: ['accounts.read'],
  subscribeToEvents: ['accounts.read'],
  verifyEvents: ['ops.read', 'tenants.all'],
};

export const COMMAND_SCOPES = {
  'bank.v1.AccountCommandService': ACCOUNT_COMMANDS,
  'bank.v1.BulkService': BULK,
  'bank.v1.BulkModeService': BULK_MODE,
  'bank.v1.EventLogService': EVENT_LOG,
};
