/**
 * What the audit says of a batch: a row for each submission that has items in it, and one for each
 * caller of single commands, with those that were executed. Pure. Refusals and repeats of single
 * commands store nothing, and are not told.
 */
import type { Caller } from '#platform/caller.ts';
import type { BatchItem, ItemDecision } from './batch-item.ts';

/** What a batch stores for one caller: of single commands all, of a submission its counts. */
export type AuditRow = {
  readonly caller: Pick<Caller, 'tenant' | 'subject' | 'peer'>;
  readonly submissionId: string | undefined;
  readonly actions: readonly string[];
  readonly accountIds: readonly string[];
  readonly operationIds: readonly (string | null)[];
  readonly accepted: number;
  readonly rejected: number;
};

/** Of a submission: its items are in the row of the log. */
export const STORE_ITEMS = 'StoreItems';

type OpenRow = {
  readonly caller: Caller;
  readonly submissionId: string | undefined;
  readonly actions: string[];
  readonly accountIds: string[];
  readonly operationIds: (string | null)[];
  accepted: number;
  rejected: number;
};

export function auditRows(
  items: readonly BatchItem[],
  decisions: readonly ItemDecision[],
): AuditRow[] {
  const rows = new Map<string, OpenRow>();
  let row: OpenRow | undefined;
  let of: BatchItem['origin'] | undefined;
  for (let at = 0; at < decisions.length; at++) {
    const [item, decision] = [items[at], decisions[at]];
    if (item === undefined || decision === undefined) continue;
    const { origin } = item;
    if (origin.kind === 'unary' && decision.kind !== 'accepted') continue;
    if (origin !== of || row === undefined) row = rowOf(rows, origin);
    of = origin;
    if (decision.kind === 'accepted') row.accepted += 1;
    else if (decision.kind === 'rejected') row.rejected += 1;
    if (origin.kind === 'unary') addCommand(row, item);
  }
  return [...rows.values()];
}

function rowOf(rows: Map<string, OpenRow>, origin: BatchItem['origin']): OpenRow {
  const { caller } = origin;
  const submissionId = origin.kind === 'unary' ? undefined : origin.claim.submissionId;
  const key = [caller.tenant, caller.subject, caller.peer, submissionId].join('\0');
  const known = rows.get(key);
  if (known !== undefined) return known;
  const actions = origin.kind === 'unary' ? [] : [STORE_ITEMS];
  const counts = { accepted: 0, rejected: 0 };
  const made = { caller, submissionId, actions, accountIds: [], operationIds: [], ...counts };
  rows.set(key, made);
  return made;
}

function addCommand(row: OpenRow, { command }: BatchItem): void {
  if (command === undefined) return;
  row.actions.push(command.type);
  row.accountIds.push(command.accountId);
  row.operationIds.push(command.operationId ?? null);
}

/** As append_batch takes it. */
export function auditJson({ caller, submissionId, ...row }: AuditRow): unknown {
  return {
    t: caller.tenant,
    u: caller.subject,
    p: caller.peer,
    s: submissionId,
    c: row.actions,
    a: row.accountIds,
    o: row.operationIds,
    n: row.accepted,
    r: row.rejected,
  };
}
