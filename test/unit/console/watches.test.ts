/**
 * Polls of the services: one a view however many look, none when nobody does, and no more of them
 * at once than there may be.
 */
import { afterEach, expect, test } from 'vitest';
import { createLogger } from '#platform/logger.ts';
import { until } from '#test/support/until.ts';
import { html } from '../../../console-svc/html.ts';
import { createWatches, TooManyViewsError } from '../../../console-svc/watches.ts';
import type { Look, View, Watches } from '../../../console-svc/watches.ts';

const log = createLogger({ service: 'console-svc', instance: 'test', level: 'fatal' });
const LONG_MS = 600_000;
const SHOWN: Look = { sections: new Map([['a', html`shown`]]) };
const KEY = { token: 'a', name: 'overview' };

let watches: Watches;
afterEach(() => watches.close());

test('one poll serves all who look at a view of one person, and nobody else', async () => {
  watches = createWatches({ pollMs: LONG_MS, idleMs: LONG_MS, viewsMax: 2 }, log);
  const mine = countedView();
  const others = countedView();
  const told: Look[] = [];
  watches.follow(KEY, mine.make, (look) => told.push(look));
  expect(await watches.look(KEY, mine.make)).toBe(SHOWN);
  expect(await watches.look({ ...KEY, token: 'b' }, others.make)).toBe(SHOWN);
  expect(told).toEqual([SHOWN]);
  expect([mine.counts, others.counts]).toEqual([
    { made: 1, looks: 1, closed: 0 },
    { made: 1, looks: 1, closed: 0 },
  ]);
});

test('a view is asked about while somebody follows it, and ends when nobody does', async () => {
  watches = createWatches({ pollMs: 1, idleMs: 0, viewsMax: 1 }, log);
  const { make, counts } = countedView();
  const stop = watches.follow(KEY, make, () => undefined);
  await until('five looks', () => counts.looks > 5);
  expect(counts.closed).toBe(0);
  stop();
  await until('its end', () => counts.closed === 1);
  await watches.look(KEY, make);
  expect(counts.made).toBe(2);
});

test('an idle view gives way to a new one, and one that is followed does not', async () => {
  watches = createWatches({ pollMs: 1, idleMs: LONG_MS, viewsMax: 1 }, log);
  const first = countedView();
  await watches.look({ ...KEY, token: 'first' }, first.make);
  const second = countedView();
  watches.follow({ ...KEY, token: 'second' }, second.make, () => undefined);
  await until('the end of the first', () => first.counts.closed === 1);
  const third = countedView();
  const follow = (): unknown => watches.follow({ ...KEY, token: 'third' }, third.make, () => 0);
  expect(follow).toThrow(TooManyViewsError);
  expect(third.counts.made).toBe(0);
});

test('a token that is not taken ends its view, and the next look asks anew', async () => {
  watches = createWatches({ pollMs: 1, idleMs: LONG_MS, viewsMax: 1 }, log);
  const refused = countedView({ signedOut: 'it has expired' });
  const told: Look[] = [];
  watches.follow(KEY, refused.make, (look) => told.push(look));
  await until('its end', () => refused.counts.closed === 1);
  expect(told).toEqual([{ signedOut: 'it has expired' }]);
  expect(await watches.look(KEY, countedView().make)).toBe(SHOWN);
});

type Counts = { made: number; looks: number; closed: number };

function countedView(look: Look = SHOWN): { counts: Counts; make: () => View } {
  const counts = { made: 0, looks: 0, closed: 0 };
  const view: View = {
    look: () => {
      counts.looks += 1;
      return Promise.resolve(look);
    },
    close: () => void (counts.closed += 1),
  };
  const make = (): View => {
    counts.made += 1;
    return view;
  };
  return { counts, make };
}
