/** GET /submissions: all, newest first. GET /submissions/ID: one, live, with its refused items. */
import type { Rejection } from '#proto/bank/v1/submission.ts';
import type { Outcome } from './bank-reader.ts';
import { LISTS } from './config.ts';
import { dataTable } from './data-table.ts';
import { html, type Content, type Html } from './html.ts';
import { nextLink, shownPage, signedOutPage, type PageMaker } from './page-context.ts';
import { liveSections } from './page-frame.ts';
import { faultBox } from './shown-faults.ts';
import { submissionTable } from './submission-table.ts';
import { submissionName, submissionView } from './submission-view.ts';

const PLACE = '/submissions';

export const submissionsPage: PageMaker = async (context) => {
  const { query, reader } = context;
  const openOnly = query.get('open') === '1';
  const pageToken = query.get('page_token') ?? '';
  const listed = await reader.submissions({ pageSize: LISTS.submissions, pageToken, openOnly });
  const main = html`<nav aria-label="Which submissions">
      <ul class="choice">
        <li><a href="/submissions" ${!openOnly && CURRENT}>All</a></li>
        <li><a href="/submissions?open=1" ${openOnly && CURRENT}>Open only</a></li>
      </ul>
    </nav>
    ${
      listed.fault === undefined
        ? submissionTable(listed.value.submissions, new Map())
        : faultBox('Submissions', listed.fault)
    }
    ${nextLink(context, listed.value?.nextPageToken)}`;
  return shownPage(context, { title: 'Submissions', place: PLACE, main }, { outcomes: [listed] });
};

const CURRENT = html`aria-current="true"`;

export function submissionPage(submissionId: string): PageMaker {
  return async (context) => {
    const { query, reader } = context;
    const pageToken = query.get('page_token') ?? '';
    const pageSize = LISTS.rejections;
    const [look, rejections] = await Promise.all([
      context.look(submissionName(submissionId), () => submissionView(reader, submissionId)),
      reader.rejections({ submissionId, pageSize, pageToken }),
    ]);
    if (look.signedOut !== undefined) return signedOutPage(context, look.signedOut);
    const main = html`${liveSections(look.sections)}
      <section aria-labelledby="rejections-heading">
        <h2 id="rejections-heading">Refused items</h2>
        ${refused(rejections)} ${nextLink(context, rejections.value?.nextPageToken)}
      </section>`;
    const live = `/live?submission=${encodeURIComponent(submissionId)}`;
    const title = `Submission ${submissionId}`;
    const place = PLACE;
    return shownPage(context, { title, place, main, live }, { outcomes: [rejections] });
  };
}

function refused({ value, fault }: Outcome<{ rejections: Rejection[] }>): Html {
  if (fault !== undefined) return faultBox('Refused items', fault);
  return dataTable({
    caption: 'Refused items, by index, as they were when this page was loaded',
    columns: [
      { name: 'Index', isNumber: true },
      { name: 'Account', isFree: true },
      { name: 'Reason' },
      { name: 'What is wrong', isFree: true },
      { name: 'Field' },
    ],
    rows: value.rejections.map(rejectionCells),
    none: 'None of its items was refused.',
  });
}

function rejectionCells({ itemIndex, accountId, reason, message, field }: Rejection): Content[] {
  const index = String(itemIndex);
  return [index, html`<code>${accountId}</code>`, reason, message, field === '' ? '-' : field];
}
