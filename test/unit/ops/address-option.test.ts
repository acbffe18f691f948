/** The addresses that the tools take on their command lines. */
import { Command } from 'commander';
import { expect, test } from 'vitest';
import { collectAddresses } from '#deploy/address-option.ts';

const ONE = '127.0.0.1:50051';
const OTHER = '[::1]:29592';

function parsed(...args: string[]): string[] {
  return new Command()
    .exitOverride()
    .configureOutput({ writeErr: () => undefined })
    .option('--command <host:port...>', '', collectAddresses)
    .parse(['--command', ...args], { from: 'user' })
    .opts<{ command: string[] }>().command;
}

test('are divided by commas, by spaces, or by the option once more', () => {
  for (const given of [[`${ONE},${OTHER}`], [`${ONE}, ${OTHER}`], [ONE, OTHER]]) {
    expect(parsed(...given)).toEqual([ONE, OTHER]);
  }
  expect(parsed(ONE, '--command', OTHER)).toEqual([ONE, OTHER]);
  expect(parsed('dns:///bank.example:50051')).toEqual(['dns:///bank.example:50051']);
});

test('are told when they are malformed', () => {
  for (const malformed of ['', 'localhost', '127.0.0.1:99999', 'a b:1']) {
    const message = `"${malformed}" must be host:port, several divided by commas`;
    expect(() => parsed(`${ONE},${malformed}`)).toThrow(message);
  }
});
