/** The fault suite's schedule: the same for a seed, and without favourites. */
import { expect, test } from 'vitest';
import { FAULT_KINDS, kindOf } from '#test/faults/kinds/fault-kinds.ts';
import { makeSchedule } from '#test/faults/schedule.ts';
import { seededRandom } from '#test/support/random.ts';

const schedule = (seed: number, strikes = 400) =>
  makeSchedule(seededRandom(seed), FAULT_KINDS, strikes);

test('a seed makes the same schedule, another one another', () => {
  expect(schedule(5)).toEqual(schedule(5));
  expect(schedule(5)).not.toEqual(schedule(6));
});

test('every kind comes again and again, and strikes every target that it has', () => {
  const faults = schedule(7, 800).flatMap((strike) => strike.faults);
  for (const { name, targets } of FAULT_KINDS) {
    const own = faults.filter(({ kind }) => kind === name);
    expect(own.length).toBeGreaterThan(20);
    expect(new Set(own.map(({ target }) => target))).toEqual(new Set(targets));
  }
});

test('two at once are of different targets, and leave each other what they need', () => {
  const doubles = schedule(8).filter(({ faults }) => faults.length === 2);
  expect(doubles.length).toBeGreaterThan(20);
  for (const { faults } of doubles) {
    const [one, other] = faults;
    expect(one.target).not.toBe(other?.target);
    expect(kindOf(one.kind).needs).not.toContain(other?.target);
    expect(kindOf(other?.kind ?? '').needs).not.toContain(one.target);
  }
});
