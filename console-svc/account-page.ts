/**
 * GET /accounts/ID: an account with its entries, newest first, a page at a time, and its balance at
 * a time that is asked for. As of when the page was loaded.
 */
import type { Account, Entry } from '#proto/bank/v1/account.ts';
import type { GetBalanceAtResponse } from '#proto/bank/v1/account_query_service.ts';
import { EntryType, entryTypeToJSON } from '#proto/bank/v1/entry_type.ts';
import { timestampFromDate } from '#platform/timestamps.ts';
import { status as codes } from '@grpc/grpc-js';
import { accountPath } from './account-links.ts';
import { statusBadge } from './accounts-page.ts';
import type { BankReader, Outcome } from './bank-reader.ts';
import { LISTS } from './config.ts';
import { dataTable, factList } from './data-table.ts';
import { html, type Content, type Html } from './html.ts';
import { nextLink, shownPage, type PageMaker } from './page-context.ts';
import { faultBox } from './shown-faults.ts';
import { count, money, time, word } from './shown-values.ts';
import { submissionPath } from './submission-table.ts';

export function accountPage(accountId: string): PageMaker {
  return async (context) => {
    const { query, reader } = context;
    const at = query.get('at') ?? '';
    const pageToken = query.get('page_token') ?? '';
    const page = { accountId, pageSize: LISTS.entries, pageToken };
    const [account, entries, balance] = await Promise.all([
      reader.account(accountId),
      reader.entries(page),
      at === '' ? undefined : balanceAt(reader, accountId, at),
    ]);
    const isMissing = account.fault?.code === codes.NOT_FOUND;
    const main = html`<section aria-labelledby="state-heading">
        <h2 id="state-heading">State</h2>
        ${
          account.fault === undefined
            ? stateOf(account.value.account)
            : faultBox('The account', account.fault)
        }
      </section>
      ${!isMissing && timeForm(accountId, at, balance)}
      <section aria-labelledby="entries-heading">
        <h2 id="entries-heading">Entries</h2>
        ${
          entries.fault === undefined
            ? entryTable(entries.value.entries)
            : faultBox('Entries', entries.fault)
        }
        ${nextLink(context, entries.value?.nextPageToken)}
      </section>`;
    const frame = { title: `Account ${accountId}`, place: '/accounts', main };
    const status = isMissing ? 404 : 200;
    return shownPage(context, frame, { outcomes: [account, entries], status });
  };
}

function stateOf(account: Account | undefined): Html | false {
  if (account === undefined) return false;
  const labels = Object.entries(account.labels).map(([name, value]) => `${name}: ${value}`);
  return factList([
    ['Balance', html`<b>${money(account.balance)}</b>`],
    ['Available', money(account.available)],
    ['Held', money(account.held)],
    ['Overdraft limit', money(account.overdraftLimit)],
    ['Status', statusBadge(account)],
    ['Owner', html`<a href="/accounts?${ownerQuery(account.owner)}">${account.owner}</a>`],
    ['Labels', labels.length === 0 ? '-' : labels.join(', ')],
    ['Version', count(account.asOfVersion)],
    ['Opened (UTC)', time(account.openedAt)],
    ['Changed (UTC)', time(account.updatedAt)],
    ['Visible since (UTC)', time(account.projectedAt)],
  ]);
}

function ownerQuery(owner: string): string {
  return new URLSearchParams({ owner }).toString();
}

type BalanceAt = Outcome<GetBalanceAtResponse> | 'not a time';

async function balanceAt(reader: BankReader, accountId: string, at: string): Promise<BalanceAt> {
  const date = new Date(at.endsWith('Z') ? at : `${at}Z`);
  if (Number.isNaN(date.getTime())) return 'not a time';
  return reader.balanceAt(accountId, timestampFromDate(date));
}

function timeForm(accountId: string, at: string, balance: BalanceAt | undefined): Html {
  return html`<section aria-labelledby="at-heading">
    <h2 id="at-heading">Balance at a time</h2>
    <form class="lookup" action="${accountPath(accountId)}">
      <label for="at">Time (UTC)</label>
      <div class="field">
        <input id="at" name="at" type="datetime-local" step="1" required value="${at}" />
        <button type="submit">Show</button>
      </div>
    </form>
    ${balance !== undefined && balanceLine(balance)}
  </section>`;
}

function balanceLine(balance: BalanceAt): Html {
  if (balance === 'not a time') return html`<p class="box fault">That is not a time.</p>`;
  if (balance.fault !== undefined) return faultBox('The balance', balance.fault);
  const { balance: then, version, recordedAt } = balance.value;
  return html`<p>
    <b>${money(then)}</b>, by version ${count(version)}, recorded ${time(recordedAt)}
  </p>`;
}

function entryTable(entries: readonly Entry[]): Html {
  return dataTable({
    caption: 'Entries, newest first',
    columns: [
      { name: 'Version', isNumber: true },
      { name: 'Recorded (UTC)' },
      { name: 'Type' },
      { name: 'Amount', isNumber: true },
      { name: 'Balance after', isNumber: true },
      { name: 'Reference', isFree: true },
      { name: 'Came by', isFree: true },
    ],
    rows: entries.map(entryCells),
    none: 'There are no entries.',
  });
}

function entryCells(entry: Entry): Content[] {
  const { version, recordedAt, type, amount, balanceAfter, reference } = entry;
  return [
    count(version),
    time(recordedAt),
    type === EntryType.UNRECOGNIZED ? '-' : word(entryTypeToJSON(type), 'ENTRY_TYPE_'),
    money(amount),
    money(balanceAfter),
    reference === '' ? '-' : reference,
    origin(entry),
  ];
}

function origin({ submissionId, itemIndex, counterpartAccountId }: Entry): Content {
  const submission =
    submissionId !== '' &&
    html`<a href="${submissionPath(submissionId)}">${submissionId}</a> ${itemIndex}`;
  const counterpart =
    counterpartAccountId !== '' &&
    html`<a href="${accountPath(counterpartAccountId)}">the other account</a>`;
  if (submission === false && counterpart === false) return 'a single command';
  return html`${submission} ${counterpart}`;
}
