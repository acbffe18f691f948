/** Settings of signed checkpoints: a file and a key together, or none; half of them is told. */
import { expect, test } from 'vitest';
import { readConfig } from '../../command-svc/config.ts';

const ENV = {
  BANK_EVENT_STORE_URL: 'postgres://bank:secret@127.0.0.1:5432/event_store',
  BANK_REDIS_URL: 'redis://127.0.0.1:6379',
};
const FILE = { BANK_CHECKPOINT_FILE: 'checkpoints' };
const KEY = { BANK_CHECKPOINT_KEY_FILE: 'key' };

test('none without settings, some with both', () => {
  expect(readConfig(ENV).checkpoints).toBeUndefined();
  const { checkpoints } = readConfig({ ...ENV, ...FILE, ...KEY });
  expect(checkpoints).toMatchObject({ file: 'checkpoints', keyFile: 'key' });
});

test('one without the other ends the start, by its variable', () => {
  expect(() => readConfig({ ...ENV, ...FILE })).toThrow('BANK_CHECKPOINT_KEY_FILE');
  expect(() => readConfig({ ...ENV, ...KEY })).toThrow('BANK_CHECKPOINT_FILE=');
});
