/**
 * Keeps the methods of strings fast. V8 turns String.prototype into a dictionary when a class
 * extends String, as one of ioredis does: from then on each `charCodeAt` in the process is a
 * lookup and a call, ten times as dear as the inlined read that it is elsewhere. Loading something
 * through it, often enough for V8 to keep a note of the place, turns it back.
 */

const LOADS = 1000;

/** Once, when all modules are loaded. */
export function keepStringsFast(): void {
  const heir: { readonly absent?: unknown } = Object.create(String.prototype);
  for (let i = 0; i < LOADS; i++) absentIn(heir);
}

function absentIn(heir: { readonly absent?: unknown }): unknown {
  return heir.absent;
}
