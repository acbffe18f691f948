// Reads the texts of entries in Redis. Another version of a service, or a hand, may have written
// one that this version cannot read: it is passed over with a warning and hides none of the others.
import type { z } from 'zod';
import { OWNER_MARK, type Entry } from './expiring-entries.ts';
import type { LogData, Logger } from './logger.ts';
import { onceAWhile } from './once-a-while.ts';

/** Whoever asks for the entries does so again and again. */
const WARNING_PAUSE_MS = 60_000;

/** The reader answers undefined for a text of another shape. */
export function createTextReader<T>(
  shape: z.ZodType<T>,
  log: Logger,
): (entry: Entry) => T | undefined {
  const sayUnreadable = onceAWhile((data: LogData) => {
    log.warn('An entry in Redis cannot be read and is left out.', data);
  }, WARNING_PAUSE_MS);
  return ({ id, text }) => {
    try {
      return shape.parse(JSON.parse(text));
    } catch (error) {
      // Its owner is nobody's business.
      sayUnreadable({ id: id.split(OWNER_MARK)[0], err: error });
      return undefined;
    }
  };
}
