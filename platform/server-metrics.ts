// What callers hold in a server's memory, read at each look: see docs/operations.md for the limits.
import { observedGauge } from './observed.ts';

type Held = { inHand: number; open: number; partialBytes: number; unsentBytes: number };

const inHand = observedGauge(
  'bank.server.calls.in_hand',
  'Unary calls that handlers work on now.',
  '{call}',
);
const requests = observedGauge(
  'bank.server.requests.open',
  'Calls whose request has not come whole yet.',
  '{call}',
);
const partial = observedGauge(
  'bank.server.partial',
  'Bytes of messages that have come in part.',
  'By',
);
const unsent = observedGauge(
  'bank.server.unsent',
  'Bytes of answers that callers have not taken yet.',
  'By',
);

/** Answers what ends it. */
export function watchHeld(held: () => Held): () => void {
  const unwatch = [
    inHand.watch(() => [[held().inHand]]),
    requests.watch(() => [[held().open]]),
    partial.watch(() => [[held().partialBytes]]),
    unsent.watch(() => [[held().unsentBytes]]),
  ];
  return () => {
    for (const end of unwatch) end();
  };
}
