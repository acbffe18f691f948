/** What the projector's advisory locks stand for: one replica at a time does each of these. */
export { createSessionLocks } from '#platform/session-locks.ts';
export type { LockClient, SessionLocks } from '#platform/session-locks.ts';

export const LOCK_CLASS = { fill: 7_206_021, watchdog: 7_206_022, rebuild: 7_206_023 } as const;
