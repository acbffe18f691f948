/**
 * GET /accounts: an account looked up by its id, or the accounts of an owner, a page at a time.
 * Owners and ids are whatever callers have named them: text.
 */
import { AccountStatus, type Account } from '#proto/bank/v1/account.ts';
import { ListAccountsRequest } from '#proto/bank/v1/account_query_service.ts';
import { accountPath } from './account-links.ts';
import { LISTS } from './config.ts';
import { dataTable } from './data-table.ts';
import { html, type Content, type Html } from './html.ts';
import { nextLink, shownPage, type PageContext, type PageMaker } from './page-context.ts';
import { seeOther, type Reply } from './replies.ts';
import { faultBox } from './shown-faults.ts';
import { badge, money } from './shown-values.ts';

const FRAME = { title: 'Accounts', place: '/accounts' };

export const accountsPage: PageMaker = async (context) => {
  const id = context.query.get('id')?.trim() ?? '';
  if (id !== '') return seeOther(accountPath(id));
  const owner = context.query.get('owner') ?? '';
  if (owner === '') return shownPage(context, { ...FRAME, main: forms('') });
  return ownersPage(context, owner);
};

async function ownersPage(context: PageContext, owner: string): Promise<Reply> {
  const pageToken = context.query.get('page_token') ?? '';
  const request = ListAccountsRequest.create({ pageSize: LISTS.accounts, pageToken, owner });
  const listed = await context.reader.accounts(request);
  const { value, fault } = listed;
  const main = html`${forms(owner)}
    <section aria-labelledby="owned-heading">
      <h2 id="owned-heading">Accounts of ${owner}</h2>
      ${fault === undefined ? accountTable(value.accounts) : faultBox('Accounts', fault)}
      ${nextLink(context, value?.nextPageToken)}
    </section>`;
  return shownPage(context, { ...FRAME, main }, { outcomes: [listed] });
}

function forms(owner: string): Html {
  return html`<div class="pair">
    <form class="lookup" action="/accounts" role="search" aria-label="Account by id">
      <label for="id">Account id</label>
      <div class="field">
        <input id="id" name="id" required autocomplete="off" spellcheck="false" />
        <button type="submit">Show</button>
      </div>
    </form>
    <form class="lookup" action="/accounts" role="search" aria-label="Accounts by owner">
      <label for="owner">Owner, exactly as named</label>
      <div class="field">
        <input id="owner" name="owner" required autocomplete="off" value="${owner}" />
        <button type="submit">List</button>
      </div>
    </form>
  </div>`;
}

function accountTable(accounts: readonly Account[]): Html {
  return dataTable({
    caption: 'Accounts, by id',
    columns: [
      { name: 'Account' },
      { name: 'Status' },
      { name: 'Balance', isNumber: true },
      { name: 'Available', isNumber: true },
    ],
    rows: accounts.map(accountCells),
    none: 'There is no account of this owner that you may see.',
  });
}

function accountCells(account: Account): Content[] {
  const { accountId, balance, available } = account;
  const link = html`<a href="${accountPath(accountId)}"><code>${accountId}</code></a>`;
  return [link, statusBadge(account), money(balance), money(available)];
}

export function statusBadge({ status, debitsFrozen, creditsFrozen }: Account): Html {
  if (status === AccountStatus.ACCOUNT_STATUS_CLOSED) return badge('calm', 'closed');
  if (debitsFrozen && creditsFrozen) return badge('poor', 'frozen');
  if (debitsFrozen) return badge('poor', 'debits frozen');
  if (creditsFrozen) return badge('poor', 'credits frozen');
  return badge('good', 'open');
}
