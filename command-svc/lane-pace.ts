/**
 * How long a lane's turns take, so that a command can be told at once what it would wait: a turn is
 * from when somebody waits in the idle lane, or its batch starts, to the end of that batch. The
 * middle one of the last three counts: one that was held up says nothing of the next.
 */
export class LanePace {
  #sinceMs: number | undefined;
  #lastMs: readonly [number, number, number] = [0, 0, 0];
  #turnMs = 0;

  /** Of a turn that has not begun; else nothing. */
  begin(nowMs: number): void {
    this.#sinceMs ??= nowMs;
  }

  end(nowMs: number): void {
    if (this.#sinceMs === undefined) return;
    const [last, before] = this.#lastMs;
    this.#lastMs = [nowMs - this.#sinceMs, last, before];
    this.#turnMs = middleOf(...this.#lastMs);
    this.#sinceMs = undefined;
  }

  /** What is left of the turn in hand, and as many whole ones. */
  waitMs(turns: number, nowMs: number): number {
    if (this.#sinceMs === undefined) return turns * this.#turnMs;
    return Math.max(0, this.#turnMs - (nowMs - this.#sinceMs)) + turns * this.#turnMs;
  }
}

function middleOf(a: number, b: number, c: number): number {
  return Math.max(Math.min(a, b), Math.min(Math.max(a, b), c));
}
