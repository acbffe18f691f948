/**
 * Fields whose behaviour is not built yet: refused when set, by the name that the contract gives
 * them.
 */
import { status } from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import { RpcError } from '#platform/grpc-errors.ts';
import { refuseUnservedFields } from '#platform/unserved-fields.ts';

const EMPTY = {
  accountId: '',
  pageSize: 0,
  minVersion: 0n,
  validateOnly: false,
  seal: new Uint8Array(),
  labels: {},
  deposits: [],
  firstItemIndex: undefined,
  options: undefined,
  command: undefined,
};

function refused(request: object, served: string[]): string | undefined {
  try {
    refuseUnservedFields(request, served, EMPTY);
    return undefined;
  } catch (error) {
    if (!(error instanceof RpcError)) throw error;
    expect(error.code).toBe(status.UNIMPLEMENTED);
    const [violation] = error.violations ?? [];
    expect(error.message).toBe(`the field ${violation?.field} is not served yet`);
    return violation?.field;
  }
}

test('fields that are not set are not refused', () => {
  expect(refused(EMPTY, [])).toBeUndefined();
});

test.each([
  ['account_id', { accountId: 'x' }],
  ['page_size', { pageSize: 1 }],
  ['min_version', { minVersion: 1n }],
  ['validate_only', { validateOnly: true }],
  ['seal', { seal: new Uint8Array(1) }],
  ['labels', { labels: { a: 'b' } }],
  ['deposits', { deposits: [{}] }],
  ['first_item_index', { firstItemIndex: 0n }],
  ['options', { options: { leaveOpen: true } }],
  ['open_account', { command: { $case: 'openAccount', value: {} } }],
])('%s is refused when it is set and not served, and taken when it is served', (name, set) => {
  expect(refused({ ...EMPTY, ...set }, [])).toBe(name);
  expect(refused({ ...EMPTY, ...set }, [name])).toBeUndefined();
});

test('single fields of a message can be served', () => {
  const options = { endItemIndex: 7n, leaveOpen: true, validateOnly: false };
  const request = { ...EMPTY, options };
  expect(refused(request, ['options.end_item_index', 'options.leave_open'])).toBeUndefined();
  expect(refused(request, ['options.end_item_index'])).toBe('options.leave_open');
});

test('single fields of one choice of a oneof can be served', () => {
  const value = { accountId: 'x', validateOnly: true };
  const request = { ...EMPTY, command: { $case: 'deposit', value } };
  expect(refused(request, ['deposit.account_id'])).toBe('deposit.validate_only');
});
