/**
 * Verification, first step: the events of a window's accounts as the table has them, page by page,
 * each by a short statement. An account whose versions have a gap, or whose hashes are not what
 * their events give, is a suspect.
 */
import { isConnectionLost } from '#platform/postgres.ts';
import { uuidFromBytes } from '#platform/uuid.ts';
import { retryWithBackoff } from '#platform/waiting.ts';
import { VERIFY } from './bounds.ts';
import { NO_HASH } from './event-chain.ts';
import { behind, copyEvents, type EventPlace } from './sql/copy-events.ts';
import { hashAfter, type TableEvent } from './stored-event.ts';
import type { VerifySource } from './verify-source.ts';
import type { AccountWindow } from './verify-window.ts';

const LOWEST_ID = '00000000-0000-0000-0000-000000000000';
const HIGHEST_ID = 'ffffffff-ffff-ffff-ffff-ffffffffffff';

/** Fills a window with the accounts behind its beginning, whole ones. */
export async function readAccounts(source: VerifySource, window: AccountWindow): Promise<void> {
  const { after } = window;
  const first = after === undefined ? { accountId: LOWEST_ID, version: 0n } : behind(after);
  const chains = new ChainCheck(window);
  for await (const page of eventPages(source, first, HIGHEST_ID)) {
    for (const event of page) {
      if (chains.isOfNext(event)) {
        if (window.isFull) {
          window.last = window.idAt(window.size - 1);
          return;
        }
        chains.begin(window.add(event.accountBytes));
      }
      chains.add(event);
    }
  }
  window.last = HIGHEST_ID;
}

/** The same for the accounts that a window was made of. */
export async function readNamed(source: VerifySource, window: AccountWindow): Promise<void> {
  const chains = new ChainCheck(window);
  for (let index = 0; index < window.size; index++) {
    chains.begin(index);
    const accountId = window.idAt(index);
    const pages = eventPages(source, { accountId, version: 0n }, accountId);
    for await (const page of pages) for (const event of page) chains.add(event);
  }
}

export async function* eventPages(
  source: VerifySource,
  first: EventPlace,
  lastAccountId: string,
): AsyncGenerator<TableEvent[], void, void> {
  const options = { ...VERIFY.readRetry, signal: source.signal, retriable: isConnectionLost };
  for (let after = first; ;) {
    const page = await retryWithBackoff(options, () =>
      copyEvents(source.db, after, lastAccountId, VERIFY.pageEventsMax),
    );
    yield page;
    const last = page.at(-1);
    if (last === undefined || page.length < VERIFY.pageEventsMax) return;
    after = placeOf(last);
    await source.onPage(page.length);
  }
}

/** One account's chain after the other. */
class ChainCheck {
  readonly #window: AccountWindow;
  #index = -1;
  #accountBytes: Uint8Array | undefined;

  constructor(window: AccountWindow) {
    this.#window = window;
  }

  isOfNext({ accountBytes }: TableEvent): boolean {
    return (
      this.#accountBytes === undefined || Buffer.compare(this.#accountBytes, accountBytes) !== 0
    );
  }

  begin(index: number): void {
    this.#index = index;
  }

  add(event: TableEvent): void {
    const { tableVersion, tableHash, suspects } = this.#window;
    const index = this.#index;
    const version = Number(event.version);
    const isNext = version === (tableVersion[index] ?? 0) + 1;
    if (!isNext || hashAfter(tableHash[index] ?? NO_HASH, event) !== event.hash)
      suspects.add(index);
    tableVersion[index] = version;
    tableHash[index] = event.hash;
    this.#window.events += 1n;
    this.#accountBytes = event.accountBytes;
  }
}

function placeOf({ accountBytes, version }: TableEvent): EventPlace {
  return { accountId: uuidFromBytes(accountBytes), version };
}
