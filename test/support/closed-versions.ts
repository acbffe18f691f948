/**
 * Sets of versions, one an account, that are closed under transfers: with a leg they hold its
 * counterpart. Pure.
 */
export type Place = { readonly accountId: string; readonly version: bigint };

export type Leg = Place & { readonly counterpart: Place | undefined };

export type Versions = ReadonlyMap<string, bigint>;

export function placeOf({ accountId, version }: Place): string {
  return `${accountId}/${version}`;
}

/**
 * The smallest closed set that holds `versions`. `closed`: a closed set below them. `legsOf`: the
 * account's legs above one version, up to another.
 */
export function closeVersions(
  versions: Versions,
  closed: Versions,
  legsOf: (accountId: string, above: bigint, upTo: bigint) => readonly Leg[],
): Map<string, bigint> {
  const done = new Map(closed);
  const wanted = new Map(versions);
  for (let more = true; more;) {
    more = false;
    for (const [accountId, version] of wanted) {
      const from = done.get(accountId) ?? 0n;
      if (version <= from) continue;
      more = true;
      done.set(accountId, version);
      for (const { counterpart } of legsOf(accountId, from, version)) {
        if (counterpart === undefined) continue;
        const other = wanted.get(counterpart.accountId) ?? 0n;
        if (counterpart.version > other) wanted.set(counterpart.accountId, counterpart.version);
      }
    }
  }
  return done;
}
