/** A log line that may come very often is said at most once in this time, or in `everyMs`. */
const SAY_EVERY_MS = 10_000;

export function onceAWhile<Told extends unknown[]>(
  say: (...told: Told) => void,
  everyMs = SAY_EVERY_MS,
): typeof say {
  let saidMs = Number.NEGATIVE_INFINITY;
  return (...told) => {
    if (performance.now() - saidMs < everyMs) return;
    saidMs = performance.now();
    say(...told);
  };
}
