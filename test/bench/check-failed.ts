/**
 * A run that does not reconcile: what was sent and what the stores hold differ. It has no figure.
 */
export class CheckFailedError extends Error {
  override readonly name = 'CheckFailedError';
}

/** Throws when the two differ. */
export function requireEqual(what: string, found: unknown, expected: unknown): void {
  if (found === expected) return;
  throw new CheckFailedError(`${what}: ${String(found)}, expected ${String(expected)}`);
}
