/** A stream's items in flight: whatever an outcome meets, its item lands. */
import { expect, test } from 'vitest';
import { createFlight } from '../../../command-svc/stream-flight.ts';
import { bulkItem } from '#test/support/batch-items.ts';

test('an outcome that cannot be told fails the stream and does not keep it', async () => {
  const failures: Error[] = [];
  const full = new Error('no room');
  const refused = (): never => {
    throw full;
  };
  const results = { accepted: refused, refused, duplicate: refused };
  const flight = createFlight(
    (error) => failures.push(error),
    () => undefined,
    results,
  );
  flight.launch();
  const rejection = { reason: 'ACCOUNT_CLOSED', message: '', field: '' } as const;
  expect(() => flight.settle({ kind: 'rejected', rejection }, bulkItem(0))).toThrow(full);
  expect(failures.map(({ cause }) => cause)).toEqual([full]);
  await flight.landed();
});
