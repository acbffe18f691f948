/**
 * What strikes, in which order, for how long: made from the seed before the start, so that the same
 * seed strikes alike. Kinds are drawn from a bag that is filled again when it is empty, and so are
 * the targets of each kind: in random order, none is left out. Some strikes are two faults at once.
 * Pure.
 */
import type { Random } from '#test/support/random.ts';
import type { Fault, FaultKind } from './kinds/fault.ts';

export type Strike = {
  /** From the moment when all flows again to this strike. */
  readonly pauseMs: number;
  readonly faults: readonly [Fault, ...Fault[]];
};

const HELD_MS = { least: 200, most: 6_000 } as const;
const PAUSE_MS = { least: 200, most: 1_500 } as const;
const DOUBLES_PER_CENT = 20;
const SECOND_TRIES = 20;

export function makeSchedule(
  random: Random,
  kinds: readonly FaultKind[],
  strikes: number,
): Strike[] {
  const nextKind = bag(random, kinds);
  const targets = new Map(kinds.map((kind) => [kind.name, bag(random, kind.targets)]));
  const draw = (): Fault => {
    const kind = nextKind();
    const target = targets.get(kind.name)?.();
    if (target === undefined) throw new Error(`${kind.name} has no target`);
    const heldMs = HELD_MS.least + random.below(HELD_MS.most - HELD_MS.least);
    return { kind: kind.name, target, heldMs, strength: random.next() };
  };
  return Array.from({ length: strikes }, () => {
    const pauseMs = PAUSE_MS.least + random.below(PAUSE_MS.most - PAUSE_MS.least);
    const first = draw();
    if (random.below(100) >= DOUBLES_PER_CENT) return { pauseMs, faults: [first] };
    for (let n = 0; n < SECOND_TRIES; n++) {
      const second = draw();
      if (mayMeet(kinds, first, second)) return { pauseMs, faults: [first, second] };
    }
    return { pauseMs, faults: [first] };
  });
}

/** A fault that needs a part cannot be done while another has it. */
function mayMeet(kinds: readonly FaultKind[], one: Fault, other: Fault): boolean {
  const needs = ({ kind }: Fault): readonly string[] =>
    kinds.find(({ name }) => name === kind)?.needs ?? [];
  const meet = one.target === other.target;
  return !meet && !needs(one).includes(other.target) && !needs(other).includes(one.target);
}

/** Draws all of them in random order, and begins again. */
function bag<T>(random: Random, all: readonly T[]): () => T {
  let left: T[] = [];
  return () => {
    if (left.length === 0) left = [...all];
    const [drawn] = left.splice(random.below(left.length), 1);
    if (drawn === undefined) throw new Error('nothing to draw from');
    return drawn;
  };
}

export function faultText({ kind, target, heldMs, strength }: Fault): string {
  return `${target} ${kind} for ${heldMs} ms (strength ${strength.toFixed(2)})`;
}

export function strikeText({ pauseMs, faults }: Strike): string {
  return `after ${pauseMs} ms: ${faults.map(faultText).join(' and ')}`;
}
