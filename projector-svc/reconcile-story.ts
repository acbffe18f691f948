/**
 * What a stream of Reconcile tells: findings, progress every few seconds, the sums by currency, and
 * the totals once and last, each with the token behind it. Findings that a stream before this one
 * has told already are counted, not told again.
 */
import { partsOfSum } from '#domain/money.ts';
import type { Money } from '#proto/bank/v1/money.ts';
import type { ReconcileResponse as Response } from '#proto/bank/v1/projector_service.ts';
import { RECONCILE } from './bounds.ts';
import type { Finding } from './reconcile-account.ts';
import { newReconcileState } from './reconcile-token.ts';
import type { CurrencySums, ReconcileState } from './reconcile-token.ts';

export type ReconcileStory = {
  readonly state: ReconcileState;
  readonly tell: (finding: Finding) => Promise<void>;
  readonly onPage: () => Promise<void>;
  /** Tells how far it is, now and then. */
  readonly onWait: () => Promise<void>;
  /** Tells the totals; answers them for the log. */
  readonly end: () => Promise<{ accounts: bigint; events: bigint; findings: bigint }>;
};

export function openReconcileStory(
  accountsTotal: bigint,
  resumed: ReconcileState | undefined,
  token: (state: ReconcileState) => string,
  sendMessage: (message: Response) => Promise<void>,
): ReconcileStory {
  const state = resumed ?? newReconcileState(accountsTotal);
  let unsaid = state.toldSince; // so many come again, and were told
  state.toldSince = 0n;
  let lastSentMs = performance.now();
  const send = async (part: Response['part']): Promise<void> => {
    lastSentMs = performance.now();
    await sendMessage({ resumeToken: token(state), part });
  };
  const tell = async (finding: Finding): Promise<void> => {
    state.toldSince += 1n;
    if (unsaid > 0n) unsaid -= 1n;
    else await send({ $case: 'finding', value: finding });
  };
  const onWait = async (): Promise<void> => {
    if (performance.now() - lastSentMs < RECONCILE.progressEveryMs) return;
    const { accounts, events } = state;
    await send({ $case: 'progress', value: { accounts, events, accountsTotal } });
  };
  return {
    state,
    tell,
    onWait,
    async onPage() {
      if (state.toldSince === 0n) unsaid = 0n;
      await onWait();
    },
    async end() {
      const sums = [...state.sums].sort(([a], [b]) => (a < b ? -1 : 1));
      for (const [currencyCode, sum] of sums) {
        if (sum.eventsMinor !== sum.projectedMinor) await tell(sumFinding(currencyCode, sum));
      }
      const { accounts, events } = state;
      const findings = state.findings + state.toldSince;
      const eventSums = sums.flatMap(([code, sum]) => moneyOf(code, sum.eventsMinor));
      const projectionSums = sums.flatMap(([code, sum]) => moneyOf(code, sum.projectedMinor));
      const totals = { accounts, events, findings, eventSums, projectionSums };
      await send({ $case: 'totals', value: totals });
      return { accounts, events, findings };
    },
  };
}

function sumFinding(currencyCode: string, { eventsMinor, projectedMinor }: CurrencySums): Finding {
  const texts = {
    expected: `${currencyCode} ${eventsMinor}`,
    found: `${currencyCode} ${projectedMinor}`,
  };
  return { accountId: '', version: 0n, kind: 'CURRENCY_SUM_DIFFERS', ...texts };
}

/** A sum over many accounts may pass what one Money holds: then several of them add up to it. */
function moneyOf(currencyCode: string, sum: bigint): Money[] {
  return partsOfSum(sum).map((minorUnits) => ({ currencyCode, minorUnits }));
}
