/** Points in time keep their microseconds. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  dateFromTimestamp,
  microsFromTimestamp,
  timestampFromDate,
  timestampFromMicros,
} from '#platform/timestamps.ts';

test('microseconds come back from a timestamp, before 1970 too', () => {
  fc.assert(
    fc.property(fc.bigInt(-(10n ** 16n), 10n ** 17n), (micros) => {
      const timestamp = timestampFromMicros(micros);
      expect(timestamp.nanos).toBeGreaterThanOrEqual(0);
      expect(timestamp.nanos).toBeLessThan(1_000_000_000);
      expect(microsFromTimestamp(timestamp)).toBe(micros);
    }),
  );
});

test('a date comes back from a timestamp', () => {
  fc.assert(
    fc.property(fc.date({ noInvalidDate: true }), (date) => {
      expect(dateFromTimestamp(timestampFromDate(date))).toEqual(date);
    }),
  );
});
