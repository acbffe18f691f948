/**
 * The operator's page in a real browser, on a mesh that asks callers who they are: what each token
 * shows, numbers that move without a reload while a bulk upload runs, accounts, dead letters, and
 * hostile texts that stay text; readable by people and by machines, on a desktop and on a phone.
 */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createBankClient, type BankClient } from '#client/bank-client.ts';
import { unaryCall } from '#client/unary-call.ts';
import { silent } from '#deploy/local/progress.ts';
import { DepositRequest, OpenAccountRequest } from '#proto/bank/v1/account_command_service.ts';
import { openAccounts, sendDeposits } from '#test/support/bank-calls.ts';
import { attributeOf, DESKTOP, follow, openBrowser, PHONE } from '#test/support/browser.ts';
import { shownText, type Browser, type Page } from '#test/support/browser.ts';
import { waitForProjection } from '#test/support/check-projection.ts';
import { startTestConsole, type ConsoleProcess } from '#test/support/console-process.ts';
import { authEnv, EVERY_SCOPE } from '#test/support/guarded-bank.ts';
import { openMesh, type Mesh } from '#test/support/mesh.ts';
import { axeViolations, outOfReach, overflowPixels } from '#test/support/page-checks.ts';
import { makePayroll } from '#test/support/payroll.ts';
import { freshSeed, seededRandom } from '#test/support/random.ts';
import { openTokenIssuer, type Claims, type TokenIssuer } from '#test/support/token-issuer.ts';
import { until } from '#test/support/until.ts';

const HOSTILE = `<img src=x onerror="document.title='taken'"> & 'Ada'`;
const ENTRIES = 30;
const TOKEN_SECONDS = 600;
/** Keys that are published no more count no more within so long. */
const KEYS_REFRESH_MS = '200';

describe('the console', () => {
  let issuer: TokenIssuer;
  let mesh: Mesh;
  let bank: BankClient;
  let console: ConsoleProcess;
  let browser: Browser;
  const random = seededRandom(freshSeed());
  const accountId = randomUUID();
  const troubles: string[] = [];

  beforeAll(async () => {
    issuer = await openTokenIssuer();
    const opened = openBrowser(silent);
    const keys = { ...authEnv(issuer), BANK_AUTH_JWKS_REFRESH_MS: KEYS_REFRESH_MS };
    mesh = await openMesh({ command: 1, query: 1, projector: 1 }, keys);
    const token = await tokenOf({ scope: EVERY_SCOPE });
    bank = createBankClient(mesh.addresses, { token: () => token });
    const env = { BANK_AUTH: 'jwt', BANK_CONSOLE_POLL_MS: '200' };
    console = await startTestConsole(mesh, env);
    browser = await opened;
  });
  afterAll(async () => {
    await browser.close();
    await console.stop();
    bank.close();
    await mesh.stores.projectionStore.query(`delete from dead_letters where source = 'kafka'`);
    await mesh.close();
    await issuer.stop();
  });

  test('shows nothing to who has no token, and takes none that is not one', async () => {
    const page = await newPage();
    await page.goto(`${console.url}/accounts/${accountId}`);
    expect(await shownText(page, 'h1')).toBe('Sign in');
    expect(await axeViolations(page)).toEqual([]);
    expect(await outOfReach(page)).toEqual([]);
    await page.type('#token', 'no token');
    await follow(page, 'button');
    expect(await shownText(page, '[role=alert]')).toContain('That is not a token');
    await signIn(page, 'e30.e30.e30');
    expect(await shownText(page, '[role=alert]')).toContain('do not take this token');
    expect((await fetch(`${console.url}/live`)).status).toBe(401);
    await page.close();
  });

  test('says what a token of too few scopes does not show, and shows the rest', async () => {
    const page = await pageOf({ scope: ['accounts.read'] });
    expect(await shownText(page, '#mode .refused')).toMatch(/MISSING_SCOPE.*ops\.read/);
    expect(await shownText(page, '#pipeline .refused')).toMatch(/MISSING_SCOPE.*ops\.read/);
    expect(await shownText(page, '#submissions .refused')).toBe('');
    await page.close();
    const other = await pageOf({ scope: ['ops.read'] });
    expect(await shownText(other, '#submissions .refused')).toMatch(/accounts\.read/);
    expect(await shownText(other, '#partitions caption')).toContain('Positions of the log');
    await other.close();
  });

  test('moves without a reload while a bulk upload runs, and keeps the focus', async () => {
    const payroll = makePayroll(random, { accounts: 20, items: 3_000 });
    await openAccounts(bank, payroll);
    const page = await pageOf({ scope: EVERY_SCOPE });
    await page.evaluate('globalThis.isSamePage = true');
    const row = `tr:has(a[href="/submissions/${payroll.submissionId}"])`;
    const shows = (column: string, count: string) =>
      until(`${column} ${count}`, async () =>
        (await shownText(page, `${row} [data-label=${column}]`)).startsWith(count),
      );
    await sendDeposits(bank, {
      ...payroll,
      messageItems: 1_000,
      beforeMessage: async (index = 0) => {
        if (index === 0) return;
        await shows('Visible', index.toLocaleString('en-US'));
        await shows('Accepted', index.toLocaleString('en-US'));
        expect(await shownText(page, '#mode .card .badge')).toBe('bulk');
        await page.focus(`${row} a`);
      },
    });
    await shows('State', 'closed');
    await shows('Visible', '3,000');
    expect(await page.evaluate('globalThis.isSamePage')).toBe(true);
    const focused = await page.evaluate('document.activeElement.getAttribute("href")');
    expect(focused).toBe(`/submissions/${payroll.submissionId}`);
    expect(await page.$$('polyline')).toHaveLength(4);
    await page.keyboard.press('Enter');
    await page.waitForSelector('#submission b');
    await until('it is complete', async () =>
      (await shownText(page, '#submission')).includes('it is complete'),
    );
    await page.close();
  });

  test('looks an account up with its entries, and takes no text for markup', async () => {
    await openHostileAccount();
    const page = await pageOf({ scope: ['accounts.read'] });
    await page.goto(`${console.url}/accounts`);
    await page.type('#id', accountId);
    await Promise.all([page.waitForNavigation(), page.keyboard.press('Enter')]);
    expect(await shownText(page, '.facts')).toContain(HOSTILE);
    expect(await shownText(page, '.facts b')).toBe('30.00 EUR');
    expect(await shownText(page, 'tbody [data-label=Reference]')).toBe(HOSTILE);
    expect(await page.$$('img')).toEqual([]);
    expect(await page.title()).toContain(accountId);
    await follow(page, '.facts a');
    expect(await shownText(page, '#owned-heading')).toBe(`Accounts of ${HOSTILE}`);
    expect(await shownText(page, 'tbody a')).toBe(accountId);
    await page.goBack();
    await follow(page, '.next a');
    expect(await shownText(page, 'tbody tr:last-child [data-label=Type]')).toBe('account opened');
    const soon = new Date(Date.now() + 60_000).toISOString().slice(0, 19);
    await page.goto(`${console.url}/accounts/${accountId}?at=${soon}`);
    expect(await shownText(page, '[aria-labelledby=at-heading] b')).toBe('30.00 EUR');
    const missing = await page.goto(`${console.url}/accounts/${randomUUID()}`);
    expect(missing?.status()).toBe(404);
    await page.close();
  });

  test('shows a dead letter', async () => {
    // As the projector keeps it; a record like this in the topic would stay there for other tests.
    await mesh.stores.projectionStore.query(
      `insert into dead_letters (dead_letter_id, partition, seq, source, is_unread, kafka_offset,
                                 headers, payload, payload_bytes, cause, message, found_at)
       values ($1, 0, 0, 'kafka', false, 7, '{}', 'poison', 6, 'NO_POSITION', 'no seq', now())`,
      [randomUUID()],
    );
    const page = await pageOf({ scope: EVERY_SCOPE });
    await page.waitForSelector('#summary a[href="/dead-letters"]');
    await follow(page, '#summary a[href="/dead-letters"]');
    expect(await shownText(page, 'tbody [data-label=Cause]')).toBe('NO_POSITION');
    await page.close();
  });

  test('is for everybody, on every screen', async () => {
    const page = await pageOf({ scope: EVERY_SCOPE });
    const submission = await attributeOf(page, '#submissions tbody a', 'href');
    const places = ['/', submission, '/dead-letters', '/accounts'];
    for (const path of [...places, `/accounts/${accountId}`]) {
      await page.setViewport(DESKTOP);
      await page.goto(`${console.url}${path}`);
      await page.evaluate(`document.querySelector('#live-pause')?.click()`);
      expect(await axeViolations(page), path).toEqual([]);
      expect(await outOfReach(page), path).toEqual([]);
      expect(await overflowPixels(page), path).toBe(0);
      await page.setViewport(PHONE);
      expect(await overflowPixels(page), path).toBe(0);
    }
    await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: 'dark' }]);
    expect(await axeViolations(page)).toEqual([]);
    await page.close();
  });

  test('works without its script', async () => {
    const page = await pageOf({ scope: EVERY_SCOPE }, false);
    expect(await attributeOf(page, 'meta[http-equiv=refresh]', 'content')).toBe('5');
    expect(await shownText(page, '#submissions tbody a')).not.toBe('');
    await page.close();
  });

  test('falls back to signing in when the token is taken no more; no rule was broken', async () => {
    const page = await pageOf({ scope: EVERY_SCOPE });
    await issuer.rotate();
    await page.waitForFunction(`document.querySelector('h1')?.textContent === 'Sign in'`);
    expect(troubles).toEqual([]);
    await page.close();
  });

  function tokenOf(claims: Claims): Promise<string> {
    return issuer.token({ sub: 'operator', ...claims }, TOKEN_SECONDS);
  }

  /** Its own profile, on the overview. */
  async function pageOf(claims: Claims, withScript = true): Promise<Page> {
    const page = await newPage();
    await page.setJavaScriptEnabled(withScript);
    await page.goto(console.url);
    await signIn(page, await tokenOf(claims));
    expect(await shownText(page, 'h1')).toBe('Overview');
    return page;
  }

  async function newPage(): Promise<Page> {
    const context = await browser.createBrowserContext();
    const page = await context.newPage();
    page.on('pageerror', (error) => troubles.push(String(error)));
    page.on('console', (message) => {
      if (/Content Security Policy|TypeError/.test(message.text())) troubles.push(message.text());
    });
    page.on('request', (request) => {
      // A date field's picture is the browser's own.
      if (!['data:', console.url].some((known) => request.url().startsWith(known))) {
        troubles.push(request.url());
      }
    });
    return page;
  }

  async function signIn(page: Page, token: string): Promise<void> {
    await page.evaluate(`document.querySelector('#token').value = ${JSON.stringify(token)}`);
    await follow(page, 'form.sign-in button');
  }

  async function openHostileAccount(): Promise<void> {
    const { accounts } = bank;
    const account = { accountId, currencyCode: 'EUR', owner: HOSTILE, labels: { note: HOSTILE } };
    const open = accounts.openAccount.bind(accounts);
    await unaryCall(open, OpenAccountRequest.fromPartial(account));
    const amount = { currencyCode: 'EUR', minorUnits: 100n };
    const deposit = DepositRequest.fromPartial({ accountId, amount, reference: HOSTILE });
    const deposits = Array.from({ length: ENTRIES }, () =>
      unaryCall(accounts.deposit.bind(accounts), deposit),
    );
    await Promise.all(deposits);
    await waitForProjection(mesh.stores);
  }
});
