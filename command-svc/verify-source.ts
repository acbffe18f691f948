/** What a verification reads from, and whom it tells that it goes on. */
import type { Pool } from 'pg';
import type { LogIdentity } from './feed-request.ts';

export type VerifySource = {
  readonly db: Pool;
  readonly ledger: LogIdentity;
  readonly signal: AbortSignal;
  /** After each page that was read. */
  readonly onPage: (events: number) => Promise<void>;
};
