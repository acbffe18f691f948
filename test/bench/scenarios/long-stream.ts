/**
 * One stream of ten million items on a store that holds next to nothing: memory of the three
 * services, sampled every second, and the rate with five million events stored against the rate at
 * the start. Shows both as a line for each part of the way.
 */
import { grouped } from '#deploy/demo/progress-bar.ts';
import type { Part } from '#deploy/local/part.ts';
import { uniformly } from '../account-ids.ts';
import { depositMessages, repeated } from '../load-messages.ts';
import { rateBetween, type Mark } from '../progress-marks.ts';
import type { Scenario, ScenarioContext } from '../scenario.ts';

const SEED = 7;
const MESSAGES_MAX = 150;
const SAMPLE_MS = 1_000;
const LINES = 40;
/** A window of the growth figure, as a part of the stream. */
const WINDOW_PART = 0.1;
/** What is left out at the start: the stream fills its queues. */
const START_PART = 0.002;
const MEGABYTE = 1024 * 1024;

export const longStream: Scenario = {
  name: 'long stream',
  ownMesh: true,
  figures: ['bulk.growth', 'memory'],
  run: async (context) => {
    const { plan, measured, accounts, samples, say } = context;
    const items = Math.min(plan.longItems, MESSAGES_MAX * plan.messageItems);
    const messages = depositMessages(uniformly(accounts, SEED), items, plan.messageItems);
    const marks: Mark[] = [{ items: 0, atMs: 0 }];
    const memory = watchMemory(context);
    const onAcknowledged = (total: number, atMs: number): void => {
      marks.push({ items: total, atMs });
      const step = plan.longItems / LINES;
      const before = marks.at(-2)?.items ?? 0;
      if (Math.floor(total / step) > Math.floor(before / step)) say(lineOf(marks, memory.now()));
    };
    try {
      const load = repeated(messages, plan.longItems);
      await measured.bulk('long', load, { onAcknowledged });
    } finally {
      memory.stop();
    }
    const window = plan.longItems * WINDOW_PART;
    const from = plan.longItems * START_PART;
    const early = rateBetween(marks, from, from + window);
    const late = rateBetween(marks, plan.growthAt, plan.growthAt + window);
    say(`${Math.round(early)}/s at the start, ${Math.round(late)}/s after ${plan.growthAt}`);
    samples.add('bulk.growth', late / early);
    for (const [service, mb] of memory.greatest) samples.add(`memory.${service}_svc_max_mb`, mb);
  },
};

function watchMemory({ measured }: ScenarioContext) {
  const { services } = measured.bank.mesh;
  const greatest = new Map<string, number>();
  const now = (): Map<string, number> => {
    const sample = new Map<string, number>();
    for (const [service, parts] of Object.entries(services)) {
      const mb = Math.max(...parts.map((part: Part) => part.rssBytes())) / MEGABYTE;
      sample.set(service, mb);
      greatest.set(service, Math.max(mb, greatest.get(service) ?? 0));
    }
    return sample;
  };
  const timer = setInterval(now, SAMPLE_MS);
  now();
  return { greatest, now, stop: () => clearInterval(timer) };
}

function lineOf(marks: readonly Mark[], memory: ReadonlyMap<string, number>): string {
  const last = marks.at(-1) ?? { items: 0, atMs: 0 };
  const rate = rateBetween(marks, last.items * 0.9, last.items);
  const seconds = (last.atMs / 1000).toFixed(0);
  const rss = [...memory].map(([service, mb]) => `${service} ${mb.toFixed(0)}`).join('  ');
  const count = grouped(last.items).padStart(11);
  return `${count} items  ${seconds.padStart(4)} s  ${Math.round(rate)}/s  RSS in MB: ${rss}`;
}
