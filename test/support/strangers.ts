/**
 * Grounds that strangers name: the one of somebody else, and one that nobody has. What they are
 * told of both must be the same.
 */
import { freshIds } from '#test/support/contract-ground.ts';
import type { Random } from '#test/support/random.ts';
import type { Ground } from '#test/support/served-requests.ts';

/** Somebody else's, with ids of its own for what a call makes. */
export function foreignGround(ground: Ground, random: Random): Ground {
  return { ...ground, ...freshIds(random) };
}

/** Ids as they look, that nothing has. */
export function missingGround(random: Random): Ground {
  const ids = Array.from({ length: 6 }, () => random.uuid());
  const [account = '', otherAccount = '', emptyAccount = '', hold = '', operation = ''] = ids;
  return {
    account,
    otherAccount,
    emptyAccount,
    hold,
    operation,
    owner: `owner ${random.uuid()}`,
    submission: `s-${random.uuid()}`,
    openSubmission: `o-${random.uuid()}`,
    lease: random.uuid(),
    rebuild: '',
    ...freshIds(random),
  };
}

/** The roles of the ground that a request names. */
export function rolesIn(ground: Ground, request: unknown): string[] {
  const text = JSON.stringify(request);
  const isFresh = (role: string): boolean => role.startsWith('fresh');
  return Object.entries(ground).flatMap(([role, id]) =>
    id !== '' && !isFresh(role) && text.includes(id) ? [role] : [],
  );
}
