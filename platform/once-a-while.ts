/** A log line that may come very often is said at most once in this time. */
const SAY_EVERY_MS = 10_000;

export function onceAWhile<Told extends unknown[]>(say: (...told: Told) => void): typeof say {
  let saidMs = Number.NEGATIVE_INFINITY;
  return (...told) => {
    if (performance.now() - saidMs < SAY_EVERY_MS) return;
    saidMs = performance.now();
    say(...told);
  };
}
