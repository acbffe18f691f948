// Whether a server serves, and what callers hold in its memory, read at each look: see
// docs/operations.md for the limits.
import { observedGauge } from './observed.ts';

type Watched = { readonly held: () => Held; readonly isServing: () => boolean };
type Held = { inHand: number; open: number; partialBytes: number; unsentBytes: number };

const serving = observedGauge(
  'bank.server.serving',
  'Whether the server serves, as its health says: 0 or 1.',
  '{server}',
);
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
export function watchServer({ held, isServing }: Watched): () => void {
  const unwatch = [
    serving.watch(() => [[isServing() ? 1 : 0]]),
    inHand.watch(() => [[held().inHand]]),
    requests.watch(() => [[held().open]]),
    partial.watch(() => [[held().partialBytes]]),
    unsent.watch(() => [[held().unsentBytes]]),
  ];
  return () => {
    for (const end of unwatch) end();
  };
}
