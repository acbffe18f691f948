/** What an error of PostgreSQL means. */
import { expect, test } from 'vitest';
import { constraintOf, isConnectionLost, sqlStateOf, isRolledBack } from '#platform/sql-states.ts';

const withCode = (code: string): Error => Object.assign(new Error('x'), { code });

test('an SQLSTATE is told from the codes of Node', () => {
  expect(sqlStateOf(withCode('40P01'))).toBe('40P01');
  expect(sqlStateOf(withCode('ECONNRESET'))).toBeUndefined();
  expect(sqlStateOf(withCode('EPIPE'))).toBeUndefined();
  expect(sqlStateOf(new Error('x'))).toBeUndefined();
  expect(sqlStateOf(undefined)).toBeUndefined();
});

test.each([
  '57P01',
  '57P02',
  '57P03',
  '08006',
  '25P03',
  '53300',
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
])('%s means that the connection is lost', (code) => {
  expect(isConnectionLost(withCode(code))).toBe(true);
  expect(isConnectionLost(new Error('append failed', { cause: withCode(code) }))).toBe(true);
});

test.each([
  'Connection terminated unexpectedly',
  'Connection terminated due to connection timeout',
  'timeout exceeded when trying to connect',
  'Client has encountered a connection error and is not queryable',
])('so does the message %j', (message) => {
  expect(isConnectionLost(new Error(message))).toBe(true);
});

test.each(['23505', '40P01', '55P03', '57014', 'P0001'])('%s does not', (code) => {
  expect(isConnectionLost(withCode(code))).toBe(false);
});

test('the constraint of a violation is told', () => {
  expect(constraintOf(Object.assign(withCode('23505'), { constraint: 'events_pkey' }))).toBe(
    'events_pkey',
  );
  expect(constraintOf(withCode('23505'))).toBeUndefined();
});

test('only an ERROR of the server says that its transaction is rolled back', () => {
  const told = (code: string, severity: string) => Object.assign(withCode(code), { severity });
  expect(isRolledBack(told('23505', 'ERROR'))).toBe(true);
  expect(isRolledBack(told('BK001', 'ERROR'))).toBe(true);
  expect(isRolledBack(told('57P01', 'FATAL'))).toBe(false);
  expect(isRolledBack(told('XX000', 'PANIC'))).toBe(false);
  expect(isRolledBack(withCode('ENETDOWN'))).toBe(false);
  expect(isRolledBack(new Error('Query read timeout'))).toBe(false);
});
