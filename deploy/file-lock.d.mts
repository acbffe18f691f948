export type HeldLock = { release: () => void };

/** The lock, or who holds it. */
export function tryLock(path: string): HeldLock | { heldBy: number };

/** Waits until the lock is free, at most timeoutMs; onWait is told once who holds it. */
export function waitForLock(
  path: string,
  options: { timeoutMs: number; onWait: (heldBy: number) => void },
): Promise<HeldLock>;

/** When a process started, in the kernel's ticks as text; '' where that cannot be known. */
export function startTimeOf(pid: number): string;
