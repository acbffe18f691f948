/**
 * What a stream of VerifyEvents tells: findings, progress every few seconds, and how it ended, each
 * with the token behind it. Findings that a stream before this one has told are counted, not told
 * again.
 */
import type { VerifyEventsResponse } from '#proto/bank/v1/event_log_service.ts';
import { VERIFY } from './bounds.ts';
import type { Finding } from './verify-findings.ts';
import type { OpenedVerification, VerifyState } from './verify-request.ts';

export type VerifyStory = {
  readonly state: VerifyState;
  tell(findings: readonly Finding[]): Promise<void>;
  /** Tells how far it is, now and then; `events` more were read of accounts in hand. */
  onPage(events: number): Promise<void>;
  /** These accounts are dealt with. */
  finish(afterAccountId: string, accounts: bigint, events: bigint): void;
  end(): Promise<void>;
};

export function openVerifyStory(
  { state, token }: OpenedVerification,
  sendMessage: (message: VerifyEventsResponse) => Promise<void>,
): VerifyStory {
  let unsaid = state.toldSince; // so many come again, and were told
  state.toldSince = 0n;
  let inHand = 0n;
  let lastSentMs = performance.now();
  const send = async (findings: readonly Finding[], complete: boolean): Promise<void> => {
    lastSentMs = performance.now();
    const progress = {
      verifiedEvents: state.events + inHand,
      verifiedAccounts: state.accounts,
      findings: state.findings + state.toldSince,
      complete,
    };
    await sendMessage({ resumeToken: token(state), findings: [...findings], progress });
  };
  return {
    state,
    async tell(findings) {
      for (let at = 0; at < findings.length; at += VERIFY.messageFindingsMax) {
        const some = findings.slice(at, at + VERIFY.messageFindingsMax);
        const known = Math.min(Number(unsaid), some.length);
        unsaid -= BigInt(known);
        state.toldSince += BigInt(some.length);
        if (known < some.length) await send(some.slice(known), false);
      }
    },
    async onPage(events) {
      inHand += BigInt(events);
      if (performance.now() - lastSentMs >= VERIFY.progressEveryMs) await send([], false);
    },
    finish(afterAccountId, accounts, events) {
      inHand = 0n;
      unsaid = 0n;
      state.afterAccountId = afterAccountId;
      state.accounts += accounts;
      state.events += events;
      state.findings += state.toldSince;
      state.toldSince = 0n;
    },
    end: () => send([], true),
  };
}
