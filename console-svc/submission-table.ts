/**
 * Submissions in a table: what is stored of each, what was refused, and how much of it can be read
 * where that is followed. `-`: it is not followed; its own page follows it.
 */
import { SubmissionState, type Submission } from '#proto/bank/v1/submission.ts';
import { dataTable } from './data-table.ts';
import { html, type Content, type Html } from './html.ts';
import type { Overview } from './overview-facts.ts';
import { faultBox } from './shown-faults.ts';
import { badge, count, moneys, time } from './shown-values.ts';
import type { Visible } from './visible-progress.ts';

export function submissionsSection({ submissions, visible }: Overview): Html {
  const heading = html`<h2 id="submissions-heading">Recent submissions</h2>`;
  if (submissions.fault !== undefined) {
    return html`${heading} ${faultBox('Submissions', submissions.fault)}`;
  }
  return html`${heading} ${submissionTable(submissions.value.submissions, visible)}
    <p><a href="/submissions">All submissions</a></p>`;
}

export function submissionTable(
  submissions: readonly Submission[],
  visible: ReadonlyMap<string, Visible>,
): Html {
  return dataTable({
    caption: 'Submissions, newest first',
    columns: [
      { name: 'Submission', isFree: true },
      { name: 'State' },
      { name: 'Accepted', isNumber: true },
      { name: 'Visible', isNumber: true },
      { name: 'Rejected', isNumber: true },
      { name: 'Amount', isNumber: true },
      { name: 'Opened (UTC)' },
    ],
    rows: submissions.map((one) => cells(one, visible.get(one.submissionId))),
    none: 'There are no submissions that you may see.',
  });
}

function cells(submission: Submission, visible: Visible | undefined): Content[] {
  const { submissionId, accepted, rejected, acceptedAmounts, createdAt } = submission;
  return [
    html`<a href="${submissionPath(submissionId)}">${submissionId}</a>`,
    stateBadge(submission),
    count(accepted),
    visibleText(submission, visible),
    count(rejected),
    moneys(acceptedAmounts),
    time(createdAt),
  ];
}

export function submissionPath(submissionId: string): string {
  return `/submissions/${encodeURIComponent(submissionId)}`;
}

export function stateBadge({ state }: Submission): Html {
  const isOpen = state === SubmissionState.SUBMISSION_STATE_OPEN;
  return isOpen ? badge('poor', 'open') : badge('good', 'closed');
}

function visibleText(
  { submissionId, accepted }: Submission,
  visible: Visible | undefined,
): Content {
  const told = visibleOf(accepted, visible);
  if (told === undefined) return '-';
  return html`${count(told)} ${progressBar(submissionId, told, accepted)}`;
}

/** What can be read is told later than what is stored, and may be ahead of it by a moment. */
export function visibleOf(accepted: bigint, visible: Visible | undefined): bigint | undefined {
  const told = visible?.progress?.projectedTotal;
  return told === undefined || told < accepted ? told : accepted;
}

/** `done` of `all`, for those who see it; the numbers stand beside it. */
export function progressBar(what: string, done: bigint, all: bigint): Html {
  const label = `Visible of ${what}`;
  return html`<progress
    aria-label="${label}"
    value="${done}"
    max="${all > 0n ? all : 1n}"
  ></progress>`;
}
