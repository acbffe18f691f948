/** Every kind of fault that the suite strikes with. */
import type { FaultKind } from './fault.ts';
import { redisFlushed, slotDropped, topicDeleted, topicTruncated } from './pipeline.ts';
import { clockSkewed, killed, restarted, stopped } from './processes.ts';
import { down, halfOpen, reset, slow, thin } from './ways.ts';

export const FAULT_KINDS: readonly FaultKind[] = [
  killed,
  stopped,
  restarted,
  clockSkewed,
  slow,
  thin,
  halfOpen,
  reset,
  down,
  slotDropped,
  topicTruncated,
  topicDeleted,
  redisFlushed,
];

export function kindOf(name: string): FaultKind {
  const found = FAULT_KINDS.find((kind) => kind.name === name);
  if (found === undefined) throw new Error(`no kind of fault is called ${name}`);
  return found;
}
