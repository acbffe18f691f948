/**
 * What the stores hold of the bank test's accounts: its whole history from the event store, decoded
 * by the contract of the stored messages alone, and, while transfers go on, totals of the
 * projection over versions that are closed under transfers.
 */
import { Event } from '#proto/bank/event/v1/events.ts';
import { balanceChangeOf } from '#test/support/balance-change.ts';
import type { BankEvent } from '#test/support/bank-history.ts';
import { closeVersions, type Leg, type Versions } from '#test/support/closed-versions.ts';
import { readEvents, uuidOf, type EventRow, type Stores } from '#test/support/stored-rows.ts';
import { until } from '#test/support/until.ts';

export async function readBankEvents(
  stores: Stores,
  accounts: readonly string[],
): Promise<BankEvent[]> {
  return (await readEvents(stores, accounts)).map(bankEvent);
}

function bankEvent({ account_id, version, payload, operation_id }: EventRow): BankEvent {
  const { body, after } = Event.decode(payload);
  if (body === undefined || after === undefined) throw new Error('an event without body or state');
  return {
    accountId: account_id,
    version,
    changeMinor: balanceChangeOf(body),
    balanceMinor: after.balanceMinor,
    operationId: operation_id ?? undefined,
    counterpart: counterpartOf(body.value),
  };
}

function counterpartOf(value: object): BankEvent['counterpart'] {
  if (!('counterpartAccountId' in value) || !('counterpartVersion' in value)) return undefined;
  const { counterpartAccountId: id, counterpartVersion: version } = value;
  if (!(id instanceof Uint8Array) || typeof version !== 'bigint' || id.length === 0) {
    return undefined;
  }
  return { accountId: uuidOf(id), version };
}

type LegRow = {
  account_id: string;
  version: bigint;
  counterpart_account_id: string | null;
  counterpart_version: bigint | null;
};

/**
 * What is projected now, extended until it is closed: waits for the legs that are still on their
 * way. Answers the closed versions and their total. `closed`: such versions of before.
 */
export async function projectedTotal(
  { projectionStore }: Stores,
  accounts: readonly string[],
  closed: Versions,
): Promise<{ versions: Map<string, bigint>; totalMinor: bigint }> {
  const now = await projectionStore.query<{ account_id: string; version: bigint }>(
    'select account_id, version from balances where account_id = any($1::uuid[])',
    [accounts],
  );
  let versions = new Map(now.rows.map((row) => [row.account_id, row.version]));
  const legs = new Map<string, Leg[]>();
  for (let more = true; more;) {
    await readLegs(projectionStore, versions, closed, legs);
    const next = closeVersions(versions, closed, (accountId, above, upTo) => {
      const base = closed.get(accountId) ?? 0n;
      return (legs.get(accountId) ?? []).slice(Number(above - base), Number(upTo - base));
    });
    more = [...next].some(([accountId, version]) => version > (versions.get(accountId) ?? 0n));
    versions = next;
  }
  return { versions, totalMinor: await totalAt(projectionStore, versions) };
}

/** Waits for those that are not projected yet: an account's start may be on its way too. */
function totalAt(projectionStore: Stores['projectionStore'], versions: Versions): Promise<bigint> {
  return until('every version is projected', async () => {
    const { rows } = await projectionStore.query<{ found: bigint; total: bigint }>(
      `select count(*) as found, coalesce(sum(balance_after_minor), 0)::bigint as total
         from entries join unnest($1::uuid[], $2::bigint[]) v(account_id, version)
              using (account_id, version)`,
      [[...versions.keys()], [...versions.values()]],
    );
    const [row] = rows;
    return row?.found === BigInt(versions.size) && row.total;
  });
}

/** The legs of each account from `closed` to its version. */
async function readLegs(
  projectionStore: Stores['projectionStore'],
  versions: Versions,
  closed: Versions,
  legs: Map<string, Leg[]>,
): Promise<void> {
  for (const [accountId, version] of versions) {
    const before = legs.get(accountId) ?? [];
    const from = Number(closed.get(accountId) ?? 0n) + before.length;
    const rows = await until(`version ${version} of ${accountId} in the projection`, async () => {
      const found = await projectionStore.query<LegRow>(
        `select account_id, version, counterpart_account_id, counterpart_version
           from entries left join entry_links using (account_id, version)
          where account_id = $1 and version > $2 and version <= $3 order by version`,
        [accountId, from, version],
      );
      return found.rows.length === Math.max(0, Number(version) - from) && found.rows;
    });
    legs.set(accountId, [...before, ...rows.map(legOf)]);
  }
}

function legOf({ account_id, version, ...other }: LegRow): Leg {
  const { counterpart_account_id: accountId, counterpart_version: at } = other;
  const counterpart = accountId === null || at === null ? undefined : { accountId, version: at };
  return { accountId: account_id, version, counterpart };
}
