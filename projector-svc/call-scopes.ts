/**
 * Which scopes each method of projector-svc needs. The projection is one for all tenants: who
 * compares it names accounts of all. Dead letters are of their accounts' tenant.
 */
import type { ScopeRows } from '#platform/method-scopes.ts';
import type { ProjectorServiceService } from '#proto/bank/v1/projector_service.ts';

type Scope = 'accounts.read' | 'ops.read' | 'ops.write' | 'tenants.all';

const PROJECTOR: ScopeRows<typeof ProjectorServiceService, Scope> = {
  streamAcknowledgements: ['accounts.read'],
  getProjectionStatus: ['ops.read'],
  listDeadLetters: ['ops.read'],
  retryDeadLetters: ['ops.write'],
  reconcile: ['ops.read', 'tenants.all'],
  startRebuild: ['ops.write', 'tenants.all'],
  stopRebuild: ['ops.write', 'tenants.all'],
  getRebuild: ['ops.read'],
  swapRebuild: ['ops.write', 'tenants.all'],
  dropRebuild: ['ops.write', 'tenants.all'],
};

export const PROJECTOR_SCOPES = { 'bank.v1.ProjectorService': PROJECTOR };
