/**
 * Runs on the bank, each reconciled: the ledger is read before and after, and a run whose
 * difference is not exactly what was sent throws a CheckFailedError. What the scenarios are written
 * with.
 */
import { openAccountMessages, type LoadMessage } from './load-messages.ts';
import type { Bank } from './bank.ts';
import { runBulk, type BulkLoad, type BulkTargets, type BulkTimes } from './bulk-run.ts';
import {
  checkChange,
  checkSubmission,
  readLedger,
  type LedgerFacts,
  type Sent,
} from './ledger-facts.ts';
import { PATHS } from './raw-client.ts';

export type LoadOptions = Pick<BulkLoad, 'path' | 'onAcknowledged'> & {
  /** Default: the bank's first command-svc and all of its projectors. */
  readonly targets?: BulkTargets;
};

export class MeasuredBank {
  readonly bank: Bank;
  #before: LedgerFacts | undefined;
  #submissions = 0;

  constructor(bank: Bank) {
    this.bank = bank;
  }

  get targets(): BulkTargets {
    const { command, client, signal } = this.bank;
    return { command, projector: client.projector, signal };
  }

  /** A name that no submission of this bank has had. */
  nextSubmissionId(name: string): string {
    return `bench-${name}-${++this.#submissions}`;
  }

  /** One stream, followed to `complete`, reconciled. */
  async bulk(
    name: string,
    messages: BulkLoad['messages'],
    options: LoadOptions = {},
  ): Promise<BulkTimes> {
    const { targets = this.targets, ...rest } = options;
    const submissionId = this.nextSubmissionId(name);
    return await this.reconciled(async () => {
      const times = await runBulk(targets, { submissionId, messages, ...rest });
      return { result: times, sent: times, submissions: [times] };
    });
  }

  /** Opens accounts in bulk and waits until they can be read. */
  async open(ids: readonly string[], messageItems: number): Promise<BulkTimes> {
    const messages: LoadMessage[] = openAccountMessages(ids, messageItems);
    return await this.bulk('open', messages, { path: PATHS.bulkOpenAccounts });
  }

  /** Any load that says what it has sent, and in which submissions. */
  async reconciled<T>(
    run: () => Promise<{
      result: T;
      sent: Sent;
      submissions?: readonly (Sent & { readonly submissionId: string })[];
    }>,
  ): Promise<T> {
    const { stores } = this.bank;
    const before = this.#before ?? (await readLedger(stores));
    this.#before = undefined;
    const { result, sent, submissions = [] } = await run();
    const after = await readLedger(stores);
    checkChange(before, after, sent);
    for (const one of submissions) await checkSubmission(stores, one.submissionId, one);
    this.#before = after;
    return result;
  }
}
