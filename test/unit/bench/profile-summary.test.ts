/** The largest costs of a CPU profile. */
import { expect, test } from 'vitest';
import { largestCosts } from '#test/bench/profile-summary.ts';

const frame = (functionName: string, url: string, lineNumber: number) => {
  return { functionName, url, lineNumber };
};

test('self time adds up by function, and idle time does not count', () => {
  const profile = {
    nodes: [
      { id: 1, callFrame: frame('(idle)', '', -1) },
      { id: 2, callFrame: frame('encode', 'node:buffer', 9) },
      { id: 3, callFrame: frame('encode', 'node:buffer', 9) },
      { id: 4, callFrame: frame('', 'node:net', 0) },
    ],
    samples: [1, 2, 3, 4, 1],
    timeDeltas: [5_000, 1_000, 2_000, 1_000, 9_000],
  };
  expect(largestCosts(profile, 5)).toEqual([
    { what: 'encode  node:buffer:10', ms: 3, part: 0.75 },
    { what: '(anonymous)  node:net:1', ms: 1, part: 0.25 },
  ]);
  expect(largestCosts(profile, 1)).toHaveLength(1);
});
