/** The script of `bank completion bash`, loaded by a real bash that has no bash-completion. */
import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { runCli } from '#test/support/bank-cli.ts';

const { stdout: script } = await runCli(['completion', 'bash']);

/** What is offered behind `line`; `bank context list` answers two contexts. */
function completed(line: string): string[] {
  const test = `
    bank() { printf 'name,current\\r\\nprod,true\\r\\nstaging,false\\r\\n'; }
    COMP_WORDS=(${line.replace(/ $/, " ''")}); COMP_CWORD=$((\${#COMP_WORDS[@]} - 1))
    _bank; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const bash = spawnSync('bash', [
    '--norc',
    '-c',
    `source /dev/stdin <<'SCRIPT'\n${script}SCRIPT\n${test}`,
  ]);
  expect(bash.stderr.toString()).toBe('');
  return bash.stdout.toString().split('\n').filter(Boolean);
}

test.each([
  ['bank dep', ['deposit']],
  ['bank re', ['reverse', 'release']],
  ['bank --output json st', ['statement', 'status']],
  ['bank ops re', ['retry', 'reconcile', 'rebuild']],
  ['bank ops rebuild s', ['start', 'show', 'stop', 'swap']],
  ['bank deposit 5e0c2a7d-9b14-4f36-8d7a-1c6b3e9f2a40 --re', ['--reference']],
  ['bank freeze x --deb', ['--debits']],
  ['bank get x --output ', ['table', 'json', 'ndjson', 'csv']],
  ['bank get x -o n', ['ndjson']],
  ['bank list --status ', ['open', 'closed']],
  ['bank bulk payroll.csv --kind ', ['deposits', 'accounts']],
  ['bank bulk payroll.csv --format n', ['ndjson']],
  ['bank --context ', ['prod', 'staging']],
  ['bank context use s', ['staging']],
])('%s', (line, words) => {
  expect(completed(line)).toEqual(words);
});

test('where it has no word, bash offers files', () => {
  expect(completed('bank bulk pay')).toEqual([]);
  expect(script).toMatch(/^complete -o default /m);
});

test('the script says how it is loaded', () => {
  expect(script).toMatch(/^# .*source <\(bank completion bash\)\n/);
});
