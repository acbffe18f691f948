/** What a failure shows: the lines of the history that its problem is about, in time. */
import { expect, test } from 'vitest';
import { historyPart, shortestPart } from '#test/faults/history/history-part.ts';
import { HOLDER, PLACED, SUBMISSION, wholeHistory } from './whole-history.ts';

const FAULTS = [
  { text: 'postgres killed -9', fromMs: 132, toMs: 138 },
  { text: 'redis stopped', fromMs: 500, toMs: 900 },
];

test('an operation: what was sent and told, what struck meanwhile, what is stored there', () => {
  const lines = historyPart(wholeHistory(), `operation ${PLACED}: lost`, FAULTS);
  expect(lines.map((line) => line.replace(/ +/g, ' ').trim())).toEqual([
    `0.130 s sent operation ${PLACED}: holdPlaced 0 on ${HOLDER}`,
    '0.132 s struck postgres killed -9',
    `0.135 s answered operation ${PLACED}: accepted as 4, sent 1 times`,
    '0.138 s healed postgres killed -9',
    expect.stringContaining(`stored ${HOLDER}/3 at 0/6: moneyDeposited 9, balance 89`),
    expect.stringContaining(`stored ${HOLDER}/4 at 0/7: holdPlaced 0, balance 89`),
    expect.stringContaining(`stored ${HOLDER}/5 at 0/8: holdCaptured -15, balance 74`),
  ]);
});

test('an item: its submission, its acknowledgement and its event', () => {
  const text = historyPart(wholeHistory(), `item 1 of ${SUBMISSION}: twice`, FAULTS).join('\n');
  expect(text).toContain(`sent      submission ${SUBMISSION} (mixed), 4 items`);
  expect(text).toContain('its item 1: moneyDeposited 7 on');
  expect(text).toContain('acknowledged, of submission');
  expect(text).toContain(`item 1 of ${SUBMISSION}`);
  expect(text).not.toContain('redis');
});

test('of several problems the shortest is shown', () => {
  const problems = [`submission ${SUBMISSION}: odd`, `${HOLDER}/3: odd`, 'nothing that is known'];
  expect(shortestPart(wholeHistory(), problems, FAULTS)?.problem).toBe('nothing that is known');
});
