/**
 * A real headless Chromium under the test's hands. Its profile is its own and goes with it; it asks
 * nobody but who it is sent to.
 */
import puppeteer, { type Browser, type Page } from 'puppeteer-core';
import type { Progress } from '#deploy/local/progress.ts';
import { findChromium } from './chromium-binary.ts';

export type { Browser, Page } from 'puppeteer-core';

const ARGUMENTS = [
  '--no-sandbox', // root has none, and it opens our own pages only
  '--disable-dev-shm-usage',
  '--disable-background-networking',
  '--disable-component-update',
  '--hide-scrollbars',
  '--force-color-profile=srgb',
];

export const DESKTOP = { width: 1_280, height: 900 } as const;
export const PHONE = { width: 390, height: 844, isMobile: true, hasTouch: true } as const;

export async function openBrowser(progress: Progress): Promise<Browser> {
  const { path, env } = await findChromium(progress);
  return puppeteer.launch({
    executablePath: path,
    args: ARGUMENTS,
    env: { ...process.env, ...env },
    defaultViewport: DESKTOP,
    acceptInsecureCerts: true, // a local authority has signed
  });
}

/** Text of the first such element; empty when there is none. */
export async function shownText(page: Page, selector: string): Promise<string> {
  const found = `document.querySelector(${JSON.stringify(selector)})`;
  return String(await page.evaluate(`${found}?.textContent ?? ''`)).trim();
}

/** An attribute of the first such element; empty when it has none. */
export async function attributeOf(page: Page, selector: string, name: string): Promise<string> {
  const found = `document.querySelector(${JSON.stringify(selector)})`;
  return String(await page.evaluate(`${found}?.getAttribute(${JSON.stringify(name)}) ?? ''`));
}

/** Follows the first such link, or sends its form. Resolves when the next page is there. */
export async function follow(page: Page, selector: string): Promise<void> {
  const found = `document.querySelector(${JSON.stringify(selector)})`;
  await Promise.all([page.waitForNavigation(), page.evaluate(`${found}.click()`)]);
}
