/**
 * Documents that show calls: which of their blocks are run, how, and where the answers go. The
 * calls here are of the shell alone; those of the bank are run by the e2e test.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { runCalls } from '#deploy/contract/run-calls.ts';
import { shownCalls, withAnswers } from '#deploy/contract/shown-calls.ts';
import { standInsOf } from '#deploy/contract/stand-ins.ts';

const block = (head: string, ...lines: string[]): string =>
  ['```' + head, ...lines, '```', ''].join('\n');
const marked = (...blocks: string[]): string =>
  ['<!-- calls: run them -->', ...blocks, '<!-- end of calls -->', ''].join('\n');

const SET = block('sh', 'A=1', 'B=2');
const SAID = block('sh', 'echo $A$B');
const REFUSED = block('sh refused', 'echo no; (exit 73)');
const DOCUMENT = [
  'Before.\n',
  block('sh', 'echo not run'),
  marked(SET, 'Between.', SAID, block('text', 'an old answer', 'of two lines'), REFUSED),
  'Behind.\n',
].join('\n');

describe('a document', () => {
  test('has its calls between the marks, each with its place', () => {
    expect(shownCalls('a.md', DOCUMENT)).toEqual([
      { place: 'a.md:9', shell: 'A=1\nB=2\n', isRefused: false },
      { place: 'a.md:15', shell: 'echo $A$B\n', isRefused: false },
      { place: 'a.md:24', shell: 'echo no; (exit 73)\n', isRefused: true },
    ]);
  });

  test('gets an answer behind each call that wrote something, again and again', () => {
    const answers = ['', '{\n  "a": 1\n}', 'ERROR:\n  no'];
    const shown = withAnswers(DOCUMENT, answers);
    const json = block('json', '{', '  "a": 1', '}');
    const text = block('text', 'ERROR:', '  no');
    const all = marked(SET, 'Between.', `${SAID}\n${json}`, `${REFUSED}\n${text}`);
    expect(shown).toBe(['Before.\n', block('sh', 'echo not run'), all, 'Behind.\n'].join('\n'));
    expect(withAnswers(shown, answers)).toBe(shown);
  });
});

describe('calls', () => {
  test('are run one after the other, and know what was set before', async () => {
    expect(await runCalls(shownCalls('a.md', DOCUMENT), [], {})).toEqual(['', '12', 'no']);
  });

  test.each([
    ['fails', block('sh', 'echo gone >&2; (exit 69)'), 'a.md:3 should have been done', '69:\ngone'],
    ['is not refused', block('sh refused', 'echo done'), 'a.md:3 should have been refused', '0:'],
    ['is wrong', block('sh refused', '(exit 2)'), 'a.md:3 should have been refused', '2:'],
    ['names what is not set', block('sh', 'echo $NOBODY'), 'sh -uc ended with', 'NOBODY'],
  ])('are named when one %s', async (_, call, ...parts) => {
    const run = runCalls(shownCalls('a.md', marked(call)), [], {});
    for (const part of parts) await expect(run).rejects.toThrow(part);
  });
});

describe('stand-ins', () => {
  const ID = '3f2b8c1e-7a4d-4c55-9b60-1d2e3f4a5b6c';
  const addresses = { command: ['h:1'], query: ['h:2'], projector: ['h:3'] };
  const SHOWN = `ID=${ID} localhost:50051 localhost:50052 localhost:50053 2026-06-30`;

  test('are new ids and the addresses at hand, and are changed back', () => {
    const { toRun, toShow } = standInsOf(SHOWN, addresses);
    const run = toRun(SHOWN);
    expect(run).toMatch(/^ID=[-0-9a-f]{36} h:1 h:2 h:3 2026-06-30$/);
    expect(run).not.toContain(ID);
    expect(toShow(run)).toBe(`ID=${ID} h:1 h:2 h:3 2026-06-30`);
    expect(standInsOf(SHOWN, addresses).toRun(SHOWN)).not.toBe(run);
  });

  test.each([
    ['"at": "2026-06-30T12:00:00.123456Z"', '"at": "<time>"'],
    ['2026-06-30T12:00:00Z 2026-07-01', '<time> <day>'],
    ['"resumeToken": "AbC/+=",', '"resumeToken": "<token>",'],
    ['"nextPageToken": "x"', '"nextPageToken": "<token>"'],
    ['01890a5d-ac96-774b-bcce-b302099a8057', '<id>'],
  ])('take the place of what differs: %s', (run, shown) => {
    expect(standInsOf(SHOWN, addresses).toShow(run)).toBe(shown);
  });
});

function called(path: string): string {
  const text = readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');
  return shownCalls(path, text)
    .map(({ shell }) => shell)
    .join('');
}

test('docs/account-life.md shows a whole life, and docs/contract.md a statement as CSV', () => {
  const life = called('docs/account-life.md').match(/(?<=Service\/)\w+/g) ?? [];
  const wanted = 'OpenAccount Deposit PlaceHold CaptureHold Transfer FreezeAccount Withdraw';
  const reads = 'ExportStatement GetBalanceAt ListEntries';
  const all = `${wanted} UnfreezeAccount ReleaseHold ${reads} CloseAccount GetAccount`.split(' ');
  expect([...new Set(life)].filter((method) => all.includes(method))).toEqual(all);
  expect(called('docs/contract.md')).toContain('@csv');
});

test('docs/bulk-calls.md shows every bulk call, and both modes of a direct batch', () => {
  const shown = called('docs/bulk-calls.md').match(/(?<=Service\/|"mode":")\w+/g) ?? [];
  const streams = 'BulkOpenAccounts BulkSubmit';
  const batches = 'BATCH_MODE_PER_ITEM SubmitBatch BATCH_MODE_ATOMIC';
  const mode = 'StartBulkMode RenewBulkMode GetBulkMode EndBulkMode';
  expect([...new Set(shown)].join(' ')).toBe(`${streams} ${batches} ${mode}`);
});
