/**
 * What every page of the console must be, as a browser finds it: nothing that axe calls wrong,
 * nothing wider than the screen, everything that can be operated in reach of the Tab key with its
 * focus to be seen.
 */
import axe from 'axe-core';
import { z } from 'zod';
import type { Page } from '#test/support/browser.ts';

const violationsSchema = z.array(z.object({ id: z.string(), nodes: z.array(z.string()) }));

/** Rules that the page breaks, each with where. */
export async function axeViolations(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const found: unknown = await page.evaluate(`
    axe.run({ resultTypes: ['violations'] }).then(({ violations }) => violations.map(
      ({ id, nodes }) => ({ id, nodes: nodes.map(({ html }) => html.slice(0, 200)) })))`);
  return violationsSchema.parse(found).map(({ id, nodes }) => `${id}: ${nodes.join(' ')}`);
}

/** By how many pixels the page is wider than the screen. */
export async function overflowPixels(page: Page): Promise<number> {
  const pixels: unknown = await page.evaluate(
    'document.scrollingElement.scrollWidth - document.documentElement.clientWidth',
  );
  return z.number().parse(pixels);
}

/** What the keyboard does not reach, or reaches and does not show. */
export async function outOfReach(page: Page): Promise<string[]> {
  const count = z.number().parse(await page.evaluate(WATCH_OPERABLE));
  // The browser takes them one after the other: none waits for the answer to the one before.
  const presses = Array.from({ length: count + STOPS_WITHIN_MAX }, () =>
    page.keyboard.press('Tab'),
  );
  await Promise.all(presses);
  return z.array(z.string()).parse(await page.evaluate(TELL_MISSED));
}

/** A date is several stops of its own. */
const STOPS_WITHIN_MAX = 8;
const OPERABLE = 'a[href], button, input:not([type=hidden]), textarea, select';
const WATCH_OPERABLE = `
  document.activeElement.blur();
  getSelection().removeAllRanges();
  globalThis.operable = [...document.querySelectorAll('${OPERABLE}')]
    .filter((element) => element.checkVisibility());
  globalThis.reached = new Set();
  document.addEventListener('focusin', ({ target }) => {
    if (getComputedStyle(target).outlineStyle !== 'none') reached.add(target);
  });
  operable.length`;
const TELL_MISSED = `operable.filter((one) => !reached.has(one)).map((one) => one.outerHTML)`;
