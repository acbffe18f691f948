/** When a caller gives up, as a wait for a version needs to know it. */
export function deadlineOf(call: { getDeadline(): Date | number }): {
  /** Epoch milliseconds; undefined when the caller has set none. */
  deadlineMs: number | undefined;
} {
  const deadlineMs = Number(call.getDeadline());
  return { deadlineMs: Number.isFinite(deadlineMs) ? deadlineMs : undefined };
}
