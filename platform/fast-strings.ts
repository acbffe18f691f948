/**
 * Keeps the methods of strings fast. V8 turns String.prototype into a dictionary when a class
 * extends String, as one of ioredis does: from then on each `charCodeAt` in the process is a
 * lookup and a call, ten times as dear as the inlined read that it is elsewhere. Loading something
 * through it, often enough for V8 to keep a note of the place, turns it back.
 */

const LOADS = 1000;

/** It lasts, whatever is loaded later. */
export function keepStringsFast(): void {
  const heir = new Heir('');
  for (let i = 0; i < LOADS; i++) absentIn(heir);
}

class Heir extends String {
  declare readonly absent?: unknown;
}

function absentIn(heir: Heir): unknown {
  return heir.absent;
}
