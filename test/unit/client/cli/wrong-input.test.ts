/**
 * What a mistyped command line says: the argument and its rule, exit code 2, and nothing is sent.
 * Nobody listens at the address, so a command that were sent would end with 4.
 */
import { expect, test } from 'vitest';
import { runCli } from '#test/support/bank-cli.ts';

const ID = '5e0c2a7d-9b14-4f36-8d7a-1c6b3e9f2a40';
const NOBODY = ['--command-address', '127.0.0.1:1', '--query-address', '127.0.0.1:1'];
const UUID_RULE = 'It must be a UUID, as in 5e0c2a7d-9b14-4f36-8d7a-1c6b3e9f2a40.';
const TIME_RULE =
  'It must be a day or a time with its zone, as in 2026-06-30 or 2026-06-30T22:00:00Z.';

test.each([
  [
    ['deposit', 'ada', '12.50 EUR'],
    `bank: command-argument value 'ada' is invalid for argument 'account'. ${UUID_RULE}`,
  ],
  [['deposit', ID, '12.50'], 'bank: amount: "12.50" is no amount: write it as "12.50 EUR".'],
  [
    ['deposit', ID, '12,50', 'EUR'],
    'bank: amount: "12,50" is no decimal number. Write a point: 12.50.',
  ],
  [
    ['deposit', ID, '1,250.00', 'EUR'],
    'bank: amount: "1,250.00" is no decimal number. Write it without separators: 1250.00.',
  ],
  [['deposit', ID, '12.505 EUR'], 'bank: amount: "12.505" has more than the 2 decimals of EUR.'],
  [['deposit', ID, '12.50', 'eur'], 'bank: amount: currency "eur" is no ISO 4217 code. Write EUR.'],
  [['deposit', ID, '1e3 EUR'], 'bank: amount: "1e3" is no decimal number.'],
  [['deposit', ID, '-5', 'EUR'], 'bank: amount: "-5 EUR" must be above 0.'],
  [['withdraw', ID, '0 EUR'], 'bank: amount: "0 EUR" must be above 0.'],
  [
    ['deposit', ID, '99999999999999999999 EUR'],
    'bank: amount: "99999999999999999999" is no decimal number.',
  ],
  [
    ['deposit', ID, '92233720368547758.08 EUR'],
    'bank: amount: "92233720368547758.08" does not fit 64 bits.',
  ],
  [
    ['open', 'eur'],
    "bank: command-argument value 'eur' is invalid for argument 'currency'." +
      ' Write it in capitals: EUR.',
  ],
  [
    ['deposit', ID, '1 EUR', '--value-date', '2026-02-30'],
    "bank: option '--value-date <day>' argument '2026-02-30' is invalid." +
      ' It must be a day that exists, as in 2026-06-30.',
  ],
  [
    ['balance', ID, '--at', '2026-06-30 22:00'],
    `bank: option '--at <time>' argument '2026-06-30 22:00' is invalid. ${TIME_RULE}`,
  ],
  [
    ['deposit', ID, '1 EUR', '--operation-id', '7'],
    `bank: option '--operation-id <uuid>' argument '7' is invalid. ${UUID_RULE}`,
  ],
  [
    ['deposit', ID, '1 EUR', '--if-version', '0'],
    "bank: option '--if-version <n>' argument '0' is invalid. It must be a whole number from 1 on.",
  ],
  [
    ['deposit', ID, '1 EUR', '--reference', 'x'.repeat(141)],
    `bank: option '--reference <text>' argument '${'x'.repeat(141)}' is invalid.` +
      ' It must have at most 140 characters.',
  ],
  [['freeze', ID], "bank: required option '--reason <text>' not specified"],
  [['deposit', ID], "bank: missing required argument 'amount'"],
  [['depositt', ID], "bank: unknown command 'depositt'\n(Did you mean deposit?)"],
  [['get', ID, '--ouput', 'json'], "bank: unknown option '--ouput'\n(Did you mean --output?)"],
  [['bulk', 'a.csv', '--concurrency', 'many'], 'bank: concurrency: a whole number from 1 to 16'],
  [
    ['bulk', 'a.csv', '--kind', 'transfers'],
    "bank: option '--kind <kind>' argument 'transfers' is invalid." +
      ' Allowed choices are deposits, accounts.',
  ],
  [
    ['get', ID, '-o', 'xml'],
    "bank: option '-o, --output <format>' argument 'xml' is invalid." +
      ' Allowed choices are table, json, ndjson, csv.',
  ],
  [
    ['get', ID, '--timeout', 'soon'],
    "bank: option '--timeout <time>' argument 'soon' is invalid." +
      ' It must be a time from 1ms to 10m, as in 30s.',
  ],
  [
    ['get', ID, '--query-address', 'localhost'],
    'bank: --query-address: "localhost" must be host:port.',
  ],
  [
    ['get', ID, '--context', 'prod'],
    'bank: There is no context "prod" (there are: none). `bank context set prod ...` makes it.',
  ],
  [
    ['get', ID, '--query-address', 'bank.example:50052'],
    'bank: bank.example:50052 is another machine, and would be asked in plaintext: give --tls or ' +
      '--ca-file, or set BANK_PLAINTEXT=allowed where something else encrypts.',
  ],
  [
    ['get', ID, '--token-file', '/nowhere'],
    "bank: A file of TLS or of the token: ENOENT: no such file or directory, open '/nowhere'",
  ],
  [
    ['events', ID, '--follow'],
    `bank: --follow is of all accounts: \`bank watch ${ID}\` follows one.`,
  ],
  [['ops', 'retry'], 'bank: Which ones: give the id of a dead letter, or --cause, or --all.'],
  [
    ['entries', ID, '--from-version', '-1'],
    "bank: option '--from-version <n>' argument '-1' is invalid." +
      ' It must be a whole number from 1 on.',
  ],
])('%j', async (args, message) => {
  const { stdout, stderr, exitCode } = await runCli([...NOBODY, ...args]);
  expect(stderr.trimEnd()).toBe(message);
  expect(stdout).toBe('');
  expect(exitCode).toBe(2);
});

test('a service that is not there is told by its address', async () => {
  const { stderr, exitCode } = await runCli([...NOBODY, 'get', ID]);
  expect(stderr.split('\n')[0]).toBe(
    'bank: Nothing answers on 127.0.0.1:1 (query-svc, for GetAccount): ' +
      'connect ECONNREFUSED 127.0.0.1:1',
  );
  expect(stderr).toContain('next: is the bank started (npm start)?');
  expect(exitCode).toBe(4);
});

test('a stream from a service that is not there ends soon', async () => {
  const { stderr, exitCode } = await runCli([...NOBODY, 'watch', ID]);
  expect(stderr).toMatch(/^bank: UNAVAILABLE: .*\nnext: is the bank started/);
  expect(exitCode).toBe(4);
});

test.each([[['--help']], [['deposit', '--help']], [['ops', 'rebuild', 'swap', '--help']]])(
  'help is no fault: %j',
  async (args) => {
    const { stdout, stderr, exitCode } = await runCli(args);
    expect(stdout).toMatch(/^Usage: bank /);
    expect(stdout).toMatch(/\nExamples?:\n {2}\$ bank /);
    expect(stderr).toBe('');
    expect(exitCode).toBe(0);
  },
);
