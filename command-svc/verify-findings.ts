/**
 * What verification says: one finding for each event that is not as it was written, named by
 * account and version, from the differences between an account's events in the table and in the
 * log. Pure.
 */
import { VerifyFindingKind, type VerifyFinding } from '#proto/bank/v1/event_log_service.ts';

export type Finding = VerifyFinding;

const {
  VERIFY_FINDING_KIND_CHANGED: CHANGED,
  VERIFY_FINDING_KIND_MISSING: MISSING,
  VERIFY_FINDING_KIND_INSERTED: INSERTED,
  VERIFY_FINDING_KIND_REORDERED: REORDERED,
} = VerifyFindingKind;

/** What one version is on one side. */
export type Side = { readonly payloadKey: string };

/** A version at which table and log, or the table and its own chain, do not agree. */
export type Difference = {
  readonly version: bigint;
  readonly table: (Side & { readonly isLinked: boolean }) | undefined;
  /** Undefined: the log does not hold it, or its place is in the archive. */
  readonly log: (Side & { readonly where: string }) | undefined;
  readonly isArchived: boolean;
  /** Both sides say the same; only the hash is another. */
  readonly isSame: boolean;
};

/** Of the log itself, not of one account. */
export function logFinding(kind: VerifyFindingKind, message: string): Finding {
  return { kind, accountId: '', version: 0n, message };
}

export function findingsOf(accountId: string, differences: readonly Difference[]): Finding[] {
  const places = placesOf(differences);
  return differences.map((difference) => {
    const [kind, message] = verdictOn(difference, places);
    return { kind, accountId, version: difference.version, message };
  });
}

type Places = ReadonlyMap<string, bigint>;

/** Where the log has what stands elsewhere in the table. */
function placesOf(differences: readonly Difference[]): Places {
  const places = new Map<string, bigint>();
  for (const { log, version } of differences) if (log) places.set(log.payloadKey, version);
  return places;
}

function verdictOn(difference: Difference, places: Places): [VerifyFindingKind, string] {
  const { version, table, log, isArchived, isSame } = difference;
  if (table === undefined) {
    if (log !== undefined) return [MISSING, `${log.where} holds it, the table does not`];
    return [MISSING, 'the table does not hold it, nor what is before the next one that is there'];
  }
  if (isArchived) return [CHANGED, 'its bytes do not give its hash; the log is in the archive'];
  const own = places.get(table.payloadKey);
  if (log === undefined) {
    if (own === undefined) return [INSERTED, 'the log does not hold it'];
    return [REORDERED, `event ${own} stands here; the log holds no event ${version}`];
  }
  if (isSame) return [CHANGED, `its hash is not what ${log.where} gives`];
  if (own !== undefined && own !== version) {
    return [REORDERED, `event ${own} stands here, by ${log.where}`];
  }
  const other = `${log.where} holds other bytes`;
  if (!table.isLinked) return [CHANGED, `its bytes do not give its hash; ${other}`];
  return [CHANGED, `${other}, though the table's chain is whole: one of both was changed`];
}
