/**
 * How long a lane's turns take, so that a command can be told at once what it would wait: a turn is
 * from when somebody waits in the idle lane, or its batch starts, to the end of that batch. The
 * shorter of the last two counts: one that was held up says nothing of the next.
 */
export class LanePace {
  #sinceMs: number | undefined;
  #lastMs = 0;
  #beforeMs = 0;

  /** Of a turn that has not begun; else nothing. */
  begin(nowMs: number): void {
    this.#sinceMs ??= nowMs;
  }

  end(nowMs: number): void {
    if (this.#sinceMs === undefined) return;
    this.#beforeMs = this.#lastMs;
    this.#lastMs = nowMs - this.#sinceMs;
    this.#sinceMs = undefined;
  }

  /** What is left of the turn in hand, and as many whole ones. */
  waitMs(turns: number, nowMs: number): number {
    const turnMs = Math.min(this.#lastMs, this.#beforeMs);
    const passedMs = this.#sinceMs === undefined ? turnMs : nowMs - this.#sinceMs;
    return Math.max(0, turnMs - passedMs) + turns * turnMs;
  }
}
