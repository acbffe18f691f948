/**
 * Where a feed stands: for each of its partitions the last position of which all events have been
 * dealt with, and how many events of the next one. A feed that has told n next tells n + 1, so
 * nothing can be left out; a resume token is this vector, with the log and the filter that it is
 * of.
 */
import { realmOf } from '#platform/caller.ts';
import { InvalidToken, readToken, tokenWriter, type TokenNumbers } from '#platform/resume-token.ts';
import type { FeedFilter } from './feed-filter.ts';

export class FeedPosition {
  readonly #seqs: Map<number, bigint>;
  /** Events of the position after, where some were told: the next message goes on within it. */
  readonly #events: Map<number, number>;

  constructor(seqs: ReadonlyMap<number, bigint>, events: ReadonlyMap<number, number> = new Map()) {
    this.#seqs = new Map(seqs);
    this.#events = new Map(events);
  }

  static start(partitions: readonly number[]): FeedPosition {
    return new FeedPosition(new Map(partitions.map((partition) => [partition, 0n])));
  }

  get partitions(): Iterable<number> {
    return this.#seqs.keys();
  }

  seqOf(partition: number): bigint {
    return this.#seqs.get(partition) ?? 0n;
  }

  eventsOf(partition: number): number {
    return this.#events.get(partition) ?? 0;
  }

  /** All of this position has been dealt with. */
  finish(partition: number, seq: bigint): void {
    this.#seqs.set(partition, seq);
    this.#events.delete(partition);
  }

  /** So many events of the position after the last finished one. */
  goneInto(partition: number, events: number): void {
    this.#events.set(partition, events);
  }

  copy(): FeedPosition {
    return new FeedPosition(this.#seqs, this.#events);
  }

  /** True when it holds all that was stored at these heads. */
  reaches(heads: ReadonlyMap<number, bigint>): boolean {
    for (const [partition, seq] of this.#seqs) {
      if (seq < (heads.get(partition) ?? 0n)) return false;
    }
    return true;
  }

  *numbers(): Generator<bigint, void> {
    yield BigInt(this.#seqs.size);
    for (const [partition, seq] of this.#seqs) {
      yield BigInt(partition);
      yield seq;
      yield BigInt(this.eventsOf(partition));
    }
  }
}

export type FeedTokens = {
  write(position: FeedPosition): string;
  /** '' is the start. Throws InvalidToken for what is no token of this filter. */
  read(token: string): { readonly logId: string; readonly position: FeedPosition };
};

export function feedTokens(logId: string, filter: FeedFilter): FeedTokens {
  const subject = subjectOf(filter);
  const write = tokenWriter(logId, subject);
  return {
    write: (position) => write(position.numbers()),
    read: (token) => {
      if (token === '') return { logId, position: FeedPosition.start(filter.partitions) };
      const numbers = readToken(token, subject, 'filter');
      const position = readPosition(numbers, filter.partitions);
      return { logId: numbers.logId, position };
    },
  };
}

function readPosition(numbers: TokenNumbers, partitions: readonly number[]): FeedPosition {
  const seqs = new Map<number, bigint>();
  const events = new Map<number, number>();
  const size = Number(numbers.next());
  for (let i = 0; i < size; i++) {
    const partition = Number(numbers.next());
    if (partition !== partitions[i]) throw new InvalidToken('it is of other partitions');
    seqs.set(partition, numbers.next());
    const gone = Number(numbers.next());
    if (gone > 0) events.set(partition, gone);
  }
  numbers.end();
  if (size !== partitions.length) throw new InvalidToken('it is of other partitions');
  return new FeedPosition(seqs, events);
}

/** Owners are length-prefixed: no two filters write the same. */
function subjectOf({ types, owners, partitions, reach }: FeedFilter): string {
  const named = [...(owners ?? [])].toSorted().map((owner) => `${owner.length}:${owner}`);
  const numbered = [...(types ?? [])].toSorted((a, b) => a - b);
  const asked = `feed\0${numbered.join(',')}\0${partitions.join(',')}\0${named.join('')}`;
  return reach === undefined ? asked : `${asked}\0${realmOf(reach)}`;
}
