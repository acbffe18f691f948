/**
 * Rows of one store's audit, oldest first. An account is found where a command names it, and where
 * the row of the log that a batch wrote does, or an event of the command's operation: the other leg
 * of a transfer.
 */
import type pg from 'pg';

export type AuditQuestion = {
  readonly since: Date;
  readonly until: Date;
  readonly tenant?: string;
  readonly subject?: string;
  /** A UUID in lower case. */
  readonly account?: string;
  readonly submission?: string;
  readonly limit: number;
};

export type AuditedRow = {
  /** ISO 8601, to the microsecond, UTC. */
  readonly at: string;
  readonly tenant: string;
  readonly subject: string;
  readonly peer: string;
  readonly actions: readonly string[];
  /** One an action, where they are single commands. */
  readonly accounts: readonly string[];
  readonly operations: readonly (string | null)[];
  /** Empty: of none. */
  readonly submission: string;
  /** partition/seq of the log; empty: none. */
  readonly position: string;
  readonly accepted: number;
  readonly rejected: number;
  readonly result: string;
  readonly detail: string;
};

const OF_ACCOUNT = {
  'event store': `($5::uuid = any(a.account_ids) or exists (
      select from outbox o
       where o.partition = a.partition and o.seq = a.seq and $5::uuid = any(o.account_ids))
      or exists (
      select from events e
       where e.account_id = $5::uuid and e.operation_id = any(a.operation_ids)))`,
  'projection store': '$5::uuid = any(a.account_ids)',
} as const;

const sqlOf = (store: keyof typeof OF_ACCOUNT): string => `
  select to_char(a.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as at, a.tenant,
         a.subject, a.peer, a.actions, a.account_ids as accounts, a.operation_ids as operations,
         coalesce(a.submission_id, '') as submission,
         coalesce(a.partition || '/' || a.seq, '') as position,
         a.accepted, a.rejected, a.result, a.detail
    from audit a
   where a.at >= $1 and a.at < $2
     and ($3::text is null or a.tenant = $3) and ($4::text is null or a.subject = $4)
     and ($5::uuid is null or ${OF_ACCOUNT[store]})
     and ($6::text is null or a.submission_id = $6)
   order by a.at limit $7`;

export async function readAudit(
  client: pg.ClientBase,
  { since, until, tenant, subject, account, submission, limit }: AuditQuestion,
  store: keyof typeof OF_ACCOUNT,
): Promise<AuditedRow[]> {
  const { rows } = await client.query<AuditedRow>(sqlOf(store), [
    since,
    until,
    tenant,
    subject,
    account,
    submission,
    limit,
  ]);
  return rows;
}
