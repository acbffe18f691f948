/** The table of scopes against the contract's descriptors: each method has its row. */
import { readFileSync } from 'node:fs';
import { MethodOptions_IdempotencyLevel as Level } from '@bufbuild/protobuf/wkt';
import { expect, test } from 'vitest';
import { AccountCommandServiceService } from '#proto/bank/v1/account_command_service.ts';
import { createMethodScopes } from '#platform/method-scopes.ts';
import { CONTRACT_METHODS } from '#test/support/contract-methods.ts';
import { METHOD_SCOPES } from '#test/support/method-scopes.ts';

const READS = Level.NO_SIDE_EFFECTS;

test('each method of the contract has its scopes', () => {
  const wanted = CONTRACT_METHODS.map((one) => `/${one.parent.typeName}/${one.name}`);
  expect([...METHOD_SCOPES.keys()].sort()).toEqual(wanted.sort());
});

test('docs/security.md has them as the table has', () => {
  const text = readFileSync(new URL('../../../docs/security.md', import.meta.url), 'utf8');
  const rows = [...text.matchAll(/^\| ((?:`[a-z.]+` ?)+) \| ([A-Za-z, ]+) \|$/gm)];
  const told = rows.flatMap(([, scopes = '', methods = '']) =>
    methods.split(', ').map((name) => `${name}: ${scopes.replaceAll('`', '').trim()}`),
  );
  const wanted = CONTRACT_METHODS.map(
    ({ parent, name }) =>
      `${name}: ${METHOD_SCOPES.get(`/${parent.typeName}/${name}`)?.join(' ') ?? ''}`,
  );
  expect(told.sort()).toEqual(wanted.sort());
});

test('there are six scopes', () => {
  const known = ['accounts.read', 'accounts.write', 'bulk.write', 'ops.read', 'ops.write'];
  expect([...new Set([...METHOD_SCOPES.values()].flat())].sort()).toEqual([
    ...known,
    'tenants.all',
  ]);
});

test('a method that changes something needs a scope to write', () => {
  const changing = CONTRACT_METHODS.filter(({ idempotency }) => idempotency !== READS);
  const reading = CONTRACT_METHODS.filter(({ idempotency }) => idempotency === READS);
  const isWrite = ({ parent, name }: (typeof CONTRACT_METHODS)[number]): boolean =>
    METHOD_SCOPES.get(`/${parent.typeName}/${name}`)?.some((one) => one.endsWith('.write')) ??
    false;
  expect(changing.filter((one) => !isWrite(one)).map(({ name }) => name)).toEqual([]);
  expect(reading.filter(isWrite).map(({ name }) => name)).toEqual([]);
  expect(changing.length).toBeGreaterThan(20);
});

test('a service with a method that has no row does not start, nor one with a row too many', () => {
  const service = 'bank.v1.AccountCommandService';
  const names = Object.keys(AccountCommandServiceService);
  const add = (rows: readonly string[]) => () => {
    const table = Object.fromEntries(rows.map((name) => [name, ['x'] as const]));
    createMethodScopes({ [service]: table }).add(AccountCommandServiceService);
  };
  expect(add(names)).not.toThrow();
  expect(add(names.slice(1))).toThrow(`no scope is set for /${service}/OpenAccount`);
  expect(add([...names, 'stealAccount'])).toThrow('stealAccount: there is none');
});
