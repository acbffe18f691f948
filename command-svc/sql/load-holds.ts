/**
 * What decisions on holds and reversals stand on beside the states: the open holds of accounts,
 * with the version that they are as of, how named holds have ended, and which operations are
 * undone. Asked only for what a batch needs of it. Lateral with a limit, so that each is an index
 * probe whatever the planner knows of the tables.
 */
import type { ClientBase, Pool } from 'pg';
import { OPEN_HOLDS_MAX, type HoldEnd, type OpenHold } from '#domain/holds.ts';

export type HoldsRequest = {
  readonly accountIds: readonly string[];
  readonly holds: readonly { readonly accountId: string; readonly holdId: string }[];
  /** Which of them are undone; the same of events. */
  readonly operations: readonly { readonly accountId: string; readonly operationId: string }[];
  readonly events: readonly { readonly accountId: string; readonly version: bigint }[];
};

export type LoadedHolds = {
  /** The accounts that exist: their newest version, and their holds in the order of placing. */
  readonly accounts: ReadonlyMap<string, { readonly version: bigint; readonly holds: OpenHold[] }>;
  readonly ended: readonly { accountId: string; holdId: string; end: HoldEnd }[];
  readonly reversed: readonly { accountId: string; version: bigint }[];
};

const SQL = `
  select 'account' as kind, n.account_id, n.version, h.hold_id, h.placed_version,
         h.remaining_minor, (extract(epoch from h.expires_at) * 1000000)::bigint as expires_at,
         null::text as ended_as
    from unnest($1::uuid[]) a(id)
    cross join lateral (select account_id, version from events
                         where account_id = a.id order by version desc limit 1) n
    left join lateral (select * from open_holds
                        where account_id = a.id limit ${OPEN_HOLDS_MAX + 1}) h on true
  union all
  select 'ended', e.account_id, null, e.hold_id, null, null, null, e.ended_as
    from unnest($2::uuid[], $3::uuid[]) x(account_id, hold_id)
    cross join lateral (select * from ended_holds
                         where account_id = x.account_id and hold_id = x.hold_id limit 1) e
  union all
  select 'reversed', r.account_id, r.reversed_version, null, null, null, null, null
    from unnest($4::uuid[], $5::uuid[]) x(account_id, operation_id)
    cross join lateral (select account_id, version from events
                         where account_id = x.account_id and operation_id = x.operation_id
                         limit 1) o
    cross join lateral (select * from reversals
                         where account_id = o.account_id and reversed_version = o.version
                         limit 1) r
  union all
  select 'reversed', r.account_id, r.reversed_version, null, null, null, null, null
    from unnest($6::uuid[], $7::bigint[]) x(account_id, version)
    cross join lateral (select * from reversals
                         where account_id = x.account_id and reversed_version = x.version
                         limit 1) r`;

type Row =
  | {
      kind: 'account';
      account_id: string;
      version: bigint;
      /** Null: the account has no open hold. */
      hold_id: string | null;
      placed_version: bigint;
      remaining_minor: bigint;
      expires_at: bigint | null;
    }
  | { kind: 'ended'; account_id: string; hold_id: string; ended_as: HoldEnd }
  | { kind: 'reversed'; account_id: string; version: bigint };

export async function loadHolds(
  db: ClientBase | Pool,
  request: HoldsRequest,
): Promise<LoadedHolds> {
  const { holds, operations, events } = request;
  const { rows } = await db.query<Row>({
    name: 'load-holds',
    text: SQL,
    values: [
      request.accountIds,
      holds.map((hold) => hold.accountId),
      holds.map((hold) => hold.holdId),
      operations.map((operation) => operation.accountId),
      operations.map((operation) => operation.operationId),
      events.map((event) => event.accountId),
      events.map((event) => event.version),
    ],
  });
  const accounts = new Map<string, { version: bigint; holds: OpenHold[] }>();
  const ended: { accountId: string; holdId: string; end: HoldEnd }[] = [];
  const reversed: { accountId: string; version: bigint }[] = [];
  for (const row of rows.toSorted(byPlacing)) {
    const accountId = row.account_id;
    if (row.kind === 'ended') ended.push({ accountId, holdId: row.hold_id, end: row.ended_as });
    else if (row.kind === 'reversed') reversed.push({ accountId, version: row.version });
    else {
      const account = accounts.get(accountId) ?? { version: row.version, holds: [] };
      accounts.set(accountId, account);
      if (row.hold_id === null) continue;
      const { remaining_minor: remainingMinor, expires_at: expires } = row;
      const expiresAtMicros = expires ?? undefined;
      account.holds.push({ holdId: row.hold_id, remainingMinor, expiresAtMicros });
    }
  }
  return { accounts, ended, reversed };
}

function byPlacing(a: Row, b: Row): number {
  if (a.kind !== 'account' || b.kind !== 'account') return 0;
  return Number(a.placed_version ?? 0n) - Number(b.placed_version ?? 0n);
}
