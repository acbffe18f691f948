/** Changes of bulk mode as events on the span of the next batch, whichever kind it is. */
import type { BatchContext } from './batch.ts';
import type { BatchTrace } from './batch-trace.ts';

export function tellModeChanges({ takeModeChange }: BatchContext, trace: BatchTrace): void {
  for (let change = takeModeChange(); change !== undefined; change = takeModeChange()) {
    trace.event(change.name, { on: change.isOn }, change.at);
  }
}
