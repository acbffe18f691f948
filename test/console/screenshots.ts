/**
 * npm run console:screenshots: a mesh of its own with the console, a bulk run in the midst, and the
 * overview as a desktop and as a phone show it: docs/console.png, docs/console-phone.png.
 */
import { statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { createBankClient, type BankClient } from '#client/bank-client.ts';
import { errorText } from '#deploy/error-text.ts';
import { startConsole } from '#deploy/local/console.ts';
import { startMesh } from '#deploy/local/mesh.ts';
import { freePort } from '#deploy/local/ports.ts';
import { progressLines } from '#deploy/local/progress.ts';
import { onStopSignal } from '#deploy/local/stop-signals.ts';
import { openAccounts, readFeed, sendDeposits } from '#test/support/bank-calls.ts';
import { DESKTOP, openBrowser, PHONE, type Browser, type Page } from '#test/support/browser.ts';
import { makePayroll } from '#test/support/payroll.ts';
import { seededRandom } from '#test/support/random.ts';

const FOLDER = fileURLToPath(new URL('../../.local/console', import.meta.url));
const DOCS = fileURLToPath(new URL('../../docs/', import.meta.url));
const SEED = 7;
const SIZES = { accounts: 2_000, items: 600_000, messageItems: 2_000, dirt: 0.002 } as const;
const SMALL = ['settlement-2026-11-27', 'interest-2026-11', 'payroll-2026-10'] as const;
const SMALL_ITEMS = 12_000;
const BYTES_MAX = 150_000;
/** The upload ends when both are taken. */
const ENOUGH = 'enough';
/** Points of the line that a screenshot shows at least. */
const LOOKS_MIN = 16;

async function main(): Promise<void> {
  const stopping = new AbortController();
  onStopSignal((reason) => stopping.abort(new Error(`stopped by ${reason}`)));
  const mesh = await startMesh({ dataFolder: FOLDER, signal: stopping.signal });
  const client = createBankClient(mesh.addresses);
  const browser = await openBrowser(progressLines);
  try {
    const port = await freePort();
    await startConsole(mesh, port);
    await shoot(client, browser, `http://127.0.0.1:${port}/`);
  } finally {
    await browser.close();
    client.close();
    await mesh.stop();
  }
}

async function shoot(client: BankClient, browser: Browser, url: string): Promise<void> {
  const random = seededRandom(SEED);
  const payroll = makePayroll(random, { ...SIZES, submissionId: 'payroll-2026-11' });
  await openAccounts(client, payroll);
  for (const [at, submissionId] of SMALL.entries()) {
    const items = payroll.items.slice(at * SMALL_ITEMS, (at + 1) * SMALL_ITEMS);
    await sendDeposits(client, { submissionId, items });
    await readFeed(client, submissionId);
  }
  const page = await browser.newPage();
  await page.goto(url);
  const { messageItems } = SIZES;
  let isSent = false;
  let isShot = false;
  const beforeMessage = (): void => {
    if (isShot) throw new Error(ENOUGH);
  };
  const sending = sendDeposits(client, { ...payroll, messageItems, beforeMessage })
    .then(() => (isSent = true))
    .catch((error: unknown) => {
      if (!(error instanceof Error && error.message === ENOUGH)) throw error;
    });
  await page.waitForFunction(
    `document.querySelector('polyline')?.getAttribute('points').split(' ').length > ${LOOKS_MIN}`,
  );
  await save(page, 'console.png', DESKTOP);
  await save(page, 'console-phone.png', PHONE);
  process.stdout.write(isSent ? 'the bulk run was over before\n' : 'in the midst of it\n');
  isShot = true;
  await sending;
}

async function save(page: Page, name: string, size: typeof DESKTOP | typeof PHONE): Promise<void> {
  await page.setViewport(size); // a phone's loads the page anew
  await page.waitForFunction(`document.querySelector('#live-state')?.textContent === 'Live'`);
  const path = `${DOCS}${name}`;
  await page.screenshot({ path: `${DOCS}${name}`, optimizeForSpeed: false });
  const { size: bytes } = statSync(path);
  process.stdout.write(`${name}: ${bytes} bytes${bytes > BYTES_MAX ? ', more than wanted' : ''}\n`);
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    console.error(errorText(error));
    process.exit(1);
  },
);
