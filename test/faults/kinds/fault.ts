/**
 * What a fault is: of a kind, at one target, held for a while, of some strength. The schedule draws
 * all of it from the seed; a kind says what is done, and how it is taken back.
 */
import type { FaultyMesh } from '../mesh/faulty-mesh.ts';

export type Fault = {
  readonly kind: string;
  /** A service, a part, or a way between two of them. */
  readonly target: string;
  readonly heldMs: number;
  /** 0 to 1, for kinds that have more and less. */
  readonly strength: number;
};

/** Resolves when what was taken is given back: a part that was away answers again. */
export type Heal = () => Promise<void>;

export type FaultKind = {
  readonly name: string;
  readonly targets: readonly string[];
  /** Parts that must answer for it to be done: no other fault may have them at the same time. */
  readonly needs: readonly string[];
  readonly strike: (mesh: FaultyMesh, fault: Fault) => Promise<Heal>;
};

/** A value between two ends, evenly. */
export function between(least: number, most: number, strength: number): number {
  return Math.round(least + (most - least) * strength);
}

/** The same, so that small and great are drawn alike: 20, 200, 2000. */
export function betweenPowers(least: number, most: number, strength: number): number {
  return Math.round(least * (most / least) ** strength);
}
