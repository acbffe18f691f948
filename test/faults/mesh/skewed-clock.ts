/**
 * Loaded before a service (node --import): its wall clock is off by as many milliseconds as the
 * file named by BANK_TEST_CLOCK_FILE says, from the start of the process on. Timers are not: they
 * run by another clock, as on a machine whose time is wrong.
 */
import { readFileSync } from 'node:fs';

const path = process.env['BANK_TEST_CLOCK_FILE'];
const skewMs = path === undefined ? 0 : skewIn(path);
if (skewMs !== 0) skewBy(skewMs);

function skewIn(file: string): number {
  const ms = Number(readFileSync(file, 'utf8'));
  if (Number.isSafeInteger(ms)) return ms;
  throw new Error(`BANK_TEST_CLOCK_FILE=${file}: must hold a whole number of milliseconds`);
}

const construct: (target: DateConstructor, given: unknown[]) => object = Reflect.construct;

function skewBy(ms: number): void {
  const now = Date.now;
  const skewedNow = (): number => now() + ms;
  globalThis.Date = new Proxy(Date, {
    construct: (target, given: unknown[]) =>
      given.length === 0 ? new target(skewedNow()) : construct(target, given),
    get: (target, key, receiver): unknown =>
      key === 'now' ? skewedNow : Reflect.get(target, key, receiver),
  });
}
