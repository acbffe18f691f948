/**
 * The accounts that one reading of the log is held against: in the order of their ids, with how far
 * each is and its newest hash by the table, and by the log. Some 150 bytes an account, so that a
 * ledger of any size is verified in windows of a bounded one.
 */
import { uuidFromBytes, uuidToBytes } from '#platform/uuid.ts';
import { NO_HASH } from './event-chain.ts';

const WORDS = 4;
const LOWEST = '00000000-0000-0000-0000-000000000000';

export class AccountWindow {
  /** Accounts after this one, up to `last`, are in the window when the table has them. */
  readonly after: string | undefined;
  /** Known when the table has been read. */
  last = LOWEST;
  size = 0;
  events = 0n;
  readonly tableVersion: Float64Array;
  readonly tableHash: string[] = [];
  readonly logVersion: Float64Array;
  readonly logHash: string[] = [];
  /** To be looked at by themselves. */
  readonly suspects = new Set<number>();
  /** The log has events of them, the table none. */
  readonly gone = new Set<string>();
  readonly #ids: Uint32Array;
  readonly #sought = new Uint32Array(WORDS);

  constructor(after: string | undefined, capacity: number) {
    this.after = after;
    this.#ids = new Uint32Array(capacity * WORDS);
    this.tableVersion = new Float64Array(capacity);
    this.logVersion = new Float64Array(capacity);
  }

  get isFull(): boolean {
    return this.size * WORDS === this.#ids.length;
  }

  /** Ids must ascend. */
  add(id: Uint8Array): number {
    const index = this.size++;
    readWords(id, 0, this.#ids, index * WORDS);
    this.tableHash.push(NO_HASH);
    this.logHash.push(NO_HASH);
    return index;
  }

  /** Of the account whose id stands there; -1: it is not in the window. */
  indexOf(bytes: Uint8Array, at: number): number {
    readWords(bytes, at, this.#sought, 0);
    let low = 0;
    let high = this.size - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      const order = this.#compare(middle);
      if (order === 0) return middle;
      if (order < 0) low = middle + 1;
      else high = middle - 1;
    }
    return -1;
  }

  idAt(index: number): string {
    const bytes = Buffer.alloc(16);
    for (let word = 0; word < WORDS; word++) {
      bytes.writeUInt32BE(this.#ids[index * WORDS + word] ?? 0, word * 4);
    }
    return uuidFromBytes(bytes);
  }

  covers(accountId: string): boolean {
    return (this.after === undefined || accountId > this.after) && accountId <= this.last;
  }

  #compare(index: number): number {
    const at = index * WORDS;
    for (let word = 0; word < WORDS; word++) {
      const difference = (this.#ids[at + word] ?? 0) - (this.#sought[word] ?? 0);
      if (difference !== 0) return difference;
    }
    return 0;
  }
}

function readWords(bytes: Uint8Array, at: number, target: Uint32Array, to: number): void {
  for (let word = 0; word < WORDS; word++) {
    const from = at + word * 4;
    target[to + word] =
      ((bytes[from] ?? 0) << 24) |
      ((bytes[from + 1] ?? 0) << 16) |
      ((bytes[from + 2] ?? 0) << 8) |
      (bytes[from + 3] ?? 0);
  }
}

/** Of exactly these accounts, whether the table has events of them or not. */
export function windowOf(accountIds: readonly string[]): AccountWindow {
  const window = new AccountWindow(undefined, accountIds.length);
  for (const id of accountIds) window.add(uuidToBytes(id));
  return window;
}
