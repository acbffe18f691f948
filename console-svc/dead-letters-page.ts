/**
 * GET /dead-letters: records that could not be applied, a page at a time, with why, since when, and
 * which accounts wait for them. Their payload stays where it is: it holds personal text.
 */
import type { DeadLetter } from '#proto/bank/v1/projector_service.ts';
import { accountPath } from './account-links.ts';
import { LISTS } from './config.ts';
import { dataTable } from './data-table.ts';
import { html, type Content, type Html } from './html.ts';
import { nextLink, shownPage, type PageMaker } from './page-context.ts';
import { faultBox } from './shown-faults.ts';
import { count, time } from './shown-values.ts';

/** Of one letter; more are counted. */
const ACCOUNTS_SHOWN_MAX = 10;

export const deadLettersPage: PageMaker = async (context) => {
  const pageToken = context.query.get('page_token') ?? '';
  const page = { pageSize: LISTS.letters, pageToken, cause: '' };
  const listed = await context.reader.deadLetters(page);
  const { value, fault } = listed;
  const main = html`<p class="hint">
      Records that could not be applied. Mend the cause, then retry them:
      <code>npm run ops -- status</code> and docs/operations.md tell how.
    </p>
    ${fault === undefined ? letterTable(value.deadLetters) : faultBox('Dead letters', fault)}
    ${nextLink(context, value?.nextPageToken)}`;
  const frame = { title: 'Dead letters', place: '/dead-letters', main };
  return shownPage(context, frame, { outcomes: [listed] });
};

function letterTable(letters: readonly DeadLetter[]): Html {
  return dataTable({
    caption: 'Dead letters, by partition and position',
    columns: [
      { name: 'Place' },
      { name: 'Cause' },
      { name: 'What is wrong', isFree: true },
      { name: 'Found (UTC)' },
      { name: 'Retries', isNumber: true },
      { name: 'Accounts that wait', isFree: true },
    ],
    rows: letters.map(letterCells),
    none: 'There are none: every record was applied.',
  });
}

function letterCells(letter: DeadLetter): Content[] {
  const { partition, seq, cause, message, foundAt, retries } = letter;
  return [
    `${partition} at ${seq}`,
    cause,
    message,
    time(foundAt),
    String(retries),
    waitingAccounts(letter),
  ];
}

function waitingAccounts({ parkedAccountIds, parkedAccounts }: DeadLetter): Content {
  if (parkedAccounts === 0n) return 'none';
  const shown = parkedAccountIds.slice(0, ACCOUNTS_SHOWN_MAX);
  const more = parkedAccounts - BigInt(shown.length);
  return html`<ul class="plain">
    ${shown.map(
      (id) =>
        html`<li>
          <a href="${accountPath(id)}"><code>${id}</code></a>
        </li>`,
    )}
    ${more > 0n && html`<li>and ${count(more)} more</li>`}
  </ul>`;
}
