/** docs/cli.md shows every command, and no command or option that the program does not know. */
import { readFileSync } from 'node:fs';
import { PassThrough } from 'node:stream';
import type { Command } from 'commander';
import { expect, test } from 'vitest';
import { bankProgram } from '#client/cli/program.ts';

const program = bankProgram(
  () => {
    throw new Error('no command runs here');
  },
  {
    stdin: new PassThrough(),
    stdout: new PassThrough(),
    stderr: new PassThrough(),
    env: {},
    signal: new AbortController().signal,
  },
);
const DOCUMENT = readFileSync('docs/cli.md', 'utf8');
const LINES = DOCUMENT.replaceAll('\\\n', ' ')
  .split('\n')
  .flatMap((line) => /^ {4}(?:\$ )?bank (.*)$/.exec(line)?.[1] ?? [])
  .map((line) => line.replace(/ #.*$/, ''));

/** The command that a line names. */
function named(line: string): Command {
  let command = program;
  for (const word of line.split(' ')) {
    const child = command.commands.find((one) => one.name() === word);
    if (child === undefined) return command;
    command = child;
  }
  return command;
}

function leaves(command: Command, path: string): string[] {
  if (command.commands.length === 0) return [path];
  return command.commands.flatMap((child) => leaves(child, `${path} ${child.name()}`.trim()));
}

test('each line names a command, and options that it has', () => {
  expect(LINES.length).toBeGreaterThan(30);
  for (const line of LINES) {
    const command = named(line);
    expect(command, line).not.toBe(program);
    const known = [...command.options, ...program.options].map(({ long }) => long);
    for (const option of line.match(/(?<= )--[a-z-]+/g) ?? []) {
      expect(known, `${line}: ${option}`).toContain(option);
    }
  }
});

test('each command is shown', () => {
  const shown = leaves(program, '').filter((path) => !DOCUMENT.includes(`bank ${path}`));
  expect(shown).toEqual([
    'ops rebuild show',
    'ops rebuild stop',
    'ops rebuild swap',
    'ops rebuild drop',
  ]);
});

function helpOf(path: string): string {
  let text = '';
  const command = named(path);
  command.configureOutput({ writeOut: (part) => void (text += part) }).outputHelp();
  return text;
}

test('each command has an example in its help', () => {
  for (const path of leaves(program, '')) {
    expect(helpOf(path), path).toMatch(new RegExp(`Examples?:\\n {2}\\$ .*bank ${path}`));
  }
});

test('a default in a help is one that can be typed', () => {
  for (const path of leaves(program, '')) {
    const help = helpOf(path).replaceAll(/\n {10,}/g, ' ');
    expect(help, path).not.toMatch(/default: (\[|false)/);
    for (const [, time] of help.matchAll(/<time> .*\(default: "?([^")]+)/g)) {
      expect(time, path).toMatch(/^\d+(ms|s|m)$/);
    }
  }
});
