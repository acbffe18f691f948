/**
 * One submission, live: what is stored of it, where its gaps are, and how much of it can be read.
 * Its refused items stand below, a page at a time, as they were when the page was loaded.
 */
import type { Submission } from '#proto/bank/v1/submission.ts';
import { signedOutBy, type BankReader, type Outcome } from './bank-reader.ts';
import { factList } from './data-table.ts';
import { html, type Html } from './html.ts';
import { faultBox } from './shown-faults.ts';
import { count, moneys, time } from './shown-values.ts';
import { progressBar, stateBadge, visibleOf } from './submission-table.ts';
import { createVisibleProgress, type Visible } from './visible-progress.ts';
import type { View } from './watches.ts';

/** The view's name among those of its person. */
export function submissionName(submissionId: string): string {
  return `submission ${submissionId}`;
}

export function submissionView(reader: BankReader, submissionId: string): View {
  const progress = createVisibleProgress(reader, () => true);
  return {
    async look() {
      const outcome = await reader.submission(submissionId);
      const signedOut = signedOutBy([outcome]);
      if (signedOut !== undefined) return { signedOut };
      const submission = outcome.value?.submission;
      const visible = progress.follow(submission === undefined ? [] : [submission]);
      const shown = submissionSection(submissionId, outcome, visible.get(submissionId));
      return { sections: new Map([['submission', shown]]) };
    },
    close: () => progress.close(),
  };
}

function submissionSection(
  submissionId: string,
  { value, fault }: Outcome<{ submission?: Submission | undefined }>,
  visible: Visible | undefined,
): Html {
  const heading = html`<h2 id="submission-heading">Progress</h2>`;
  if (fault !== undefined) return html`${heading} ${faultBox('The submission', fault)}`;
  const { submission } = value;
  if (submission === undefined) return heading;
  return html`${heading} ${visibleLine(submission, visible)} ${factList(factsOf(submission))}
  ${gaps(submission)}`;
}

function visibleLine({ submissionId, accepted }: Submission, visible: Visible | undefined): Html {
  const fault = visible?.fault;
  if (fault !== undefined) return faultBox('What can be read', fault);
  const { blockedTotal = 0n, complete = false } = visible?.progress ?? {};
  const readable = visibleOf(accepted, visible);
  if (readable === undefined) {
    return html`<p>How much of it can be read is not told yet.</p>`;
  }
  const waiting = blockedTotal > 0n && html`, ${count(blockedTotal)} wait for a dead letter`;
  return html`<p>
      <b>${count(readable)}</b> of ${count(accepted)} accepted items can be
      read${waiting}${complete && '; it is complete'}.
    </p>
    <p>${progressBar(submissionId, readable, accepted)}</p>`;
}

function factsOf(submission: Submission): Parameters<typeof factList>[0] {
  const { accepted, rejected, replayed, acceptedAmounts, totalItems } = submission;
  return [
    ['State', stateBadge(submission)],
    ['Accepted', count(accepted)],
    ['Rejected', count(rejected)],
    ['Repeated', count(replayed)],
    ['Items in all', totalItems === undefined ? 'not fixed yet' : count(totalItems)],
    ['Next index', count(submission.nextItemIndex)],
    ['Amount', moneys(acceptedAmounts)],
    ['Opened (UTC)', time(submission.createdAt)],
    ['Closed (UTC)', time(submission.closedAt)],
  ];
}

function gaps({ missing }: Submission): Html | false {
  if (missing.length === 0) return false;
  const ranges = missing.map(
    ({ firstItemIndex, endItemIndex }) => `${firstItemIndex} to ${endItemIndex - 1n}`,
  );
  return html`<p class="box">Not stored yet, though later items are: ${ranges.join(', ')}</p>`;
}
