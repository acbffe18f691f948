/**
 * Group commit: small writes that are ready at the same time go as one transaction, so that a
 * connection, a round trip and a commit serve them all. A large one goes alone.
 *
 * When the server refuses a transaction of several writes, nothing of it stands, and each is sent
 * again alone, to stand or to fail by itself. When no answer comes nobody knows, and all of them
 * get that error.
 */
import { isRolledBack } from './sql-states.ts';

export type GroupCommitOptions<Write, Answer> = {
  /** One transaction; an answer for each write, in their order. */
  readonly send: (writes: readonly Write[]) => Promise<readonly Answer[]>;
  readonly bytesOf: (write: Write) => number;
  /** A larger write goes alone. */
  readonly sharedBytesMax: number;
  /** In which order writes take their locks: the same everywhere, so that groups form no ring. */
  readonly orderOf: (write: Write) => number;
  /** Transactions of several in flight; what comes meanwhile waits for one to end. */
  readonly inFlightMax: number;
};

/** Callers bound how many writes wait: each of them waits for its answer. */
export function groupCommit<Write, Answer>(
  options: GroupCommitOptions<Write, Answer>,
): (write: Write) => Promise<Answer> {
  const group = new Group(options);
  return (write) => group.commit(write);
}

type Waiting<Write, Answer> = {
  readonly write: Write;
  readonly settle: PromiseWithResolvers<Answer>;
};

class Group<Write, Answer> {
  readonly #options: GroupCommitOptions<Write, Answer>;
  #waiting: Waiting<Write, Answer>[] = [];
  #inFlight = 0;
  #isPlanned = false;

  constructor(options: GroupCommitOptions<Write, Answer>) {
    this.#options = options;
  }

  commit(write: Write): Promise<Answer> {
    if (this.#options.bytesOf(write) > this.#options.sharedBytesMax) return this.#alone(write);
    const settle = Promise.withResolvers<Answer>();
    this.#waiting.push({ write, settle });
    this.#plan();
    return settle.promise;
  }

  /** Once a tick, so that all writes that become ready in it go together. */
  #plan(): void {
    if (this.#isPlanned || this.#inFlight >= this.#options.inFlightMax) return;
    this.#isPlanned = true;
    setImmediate(() => {
      this.#isPlanned = false;
      const together = this.#waiting;
      this.#waiting = [];
      this.#inFlight += 1;
      void this.#together(together).finally(() => {
        this.#inFlight -= 1;
        if (this.#waiting.length > 0) this.#plan();
      });
    });
  }

  async #together(waiting: readonly Waiting<Write, Answer>[]): Promise<void> {
    const { orderOf, send } = this.#options;
    const ordered = waiting.toSorted((a, b) => orderOf(a.write) - orderOf(b.write));
    try {
      const answers = await send(ordered.map(({ write }) => write));
      for (const [at, { settle }] of ordered.entries()) settle.resolve(answerAt(answers, at));
    } catch (error) {
      const isEach = ordered.length > 1 && isRolledBack(error);
      for (const { write, settle } of ordered) {
        if (isEach) settle.resolve(this.#alone(write));
        else settle.reject(error);
      }
    }
  }

  async #alone(write: Write): Promise<Answer> {
    return answerAt(await this.#options.send([write]), 0);
  }
}

function answerAt<Answer>(answers: readonly Answer[], at: number): Answer {
  const answer = answers[at];
  if (answer === undefined) throw new Error(`${answers.length} answers, and none for write ${at}`);
  return answer;
}
