/**
 * Sealed texts: what was sealed once opens for ever, by the key that was wrapped once; nothing
 * opens elsewhere than where it was sealed; and what is written by hand is what the generated code
 * reads.
 */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { keyRing, readKeyRing } from '#platform/key-ring.ts';
import { silentLogger } from '#platform/logger.ts';
import { openText, sealText, textKey } from '#platform/sealed-text.ts';
import { keyPlace, openTextKey } from '#platform/text-key.ts';
import { uuidToBytes } from '#platform/uuid.ts';
import { WireWriter } from '#platform/wire-writer.ts';
import { Event, type SealedText } from '#proto/bank/event/v1/events.ts';
import { ACCOUNT } from '#test/support/commands.ts';
import { encodeEvent } from '../../command-svc/event-codec.ts';
import { writeEvent } from '../../command-svc/event-writer.ts';
import type { TextSeal } from '../../command-svc/text-seal.ts';

const Fixtures = z.array(
  z.object({
    kek: z.string(),
    ownerIndex: z.string(),
    wrappedKey: z.string(),
    account: z.string(),
    version: z.string(),
    event: z.string(),
    text: z.string(),
  }),
);
const FILE = new URL('../fixtures/sealed-texts-v1.json', import.meta.url);
const fixtures = Fixtures.parse(JSON.parse(readFileSync(FILE, 'utf8')));
const hex = (text: string): Buffer => Buffer.from(text, 'hex');

function sealedIn(event: Uint8Array): Extract<SealedText['form'], { $case: 'sealed' }>['value'] {
  const value = Event.decode(event).body?.value;
  const text =
    value === undefined
      ? undefined
      : 'owner' in value
        ? value.owner
        : 'reference' in value
          ? value.reference
          : undefined;
  if (text?.form?.$case !== 'sealed') throw new Error('no text is sealed');
  return text.form.value;
}

test.each(fixtures)('$text opens for ever', (stored) => {
  const ring = keyRing(new Map([['fixture', hex(stored.kek)]]));
  const row = { key_id: 7n, owner_index: hex(stored.ownerIndex), kek_id: 'fixture' };
  const { key, name } = openTextKey(
    ring,
    { ...row, wrapped_key: hex(stored.wrappedKey) },
    silentLogger,
  );
  const sealed = sealedIn(hex(stored.event));
  expect(sealed.keyId).toBe(name);
  if (key === undefined) throw new Error('the key is destroyed');
  const opened = openText(key, uuidToBytes(stored.account), BigInt(stored.version), sealed);
  expect(opened?.toString('utf8')).toBe(stored.text);
});

describe('a sealed text', () => {
  const [holder, other] = [randomBytes(16), randomBytes(16)];
  const key = textKey(randomBytes(32));
  const sealed = sealText(key, holder, 5n, 'Gehalt f\u00fcr Ada');

  test('opens where it was sealed', () => {
    expect(openText(key, holder, 5n, sealed)?.toString()).toBe('Gehalt f\u00fcr Ada');
  });

  test.each([
    ['another account', openText(key, other, 5n, sealed)],
    ['another version', openText(key, holder, 6n, sealed)],
    ['another key', openText(textKey(randomBytes(32)), holder, 5n, sealed)],
    ['a changed byte', openText(key, holder, 5n, { ...sealed, ciphertext: flipped(sealed) })],
    ['no bytes', openText(key, holder, 5n, { ...sealed, ciphertext: Buffer.alloc(3) })],
  ])('does not open with %s', (_what, opened) => {
    expect(opened).toBeUndefined();
  });

  test('is never sealed by the same nonce again', () => {
    const nonces = Array.from({ length: 5_000 }, () => sealText(key, holder, 5n, 'x').nonce);
    const seen = new Set(nonces.map((nonce) => Buffer.from(nonce).toString('hex')));
    expect(seen.size).toBe(nonces.length);
  });
});

function flipped({ ciphertext }: { readonly ciphertext: Uint8Array }): Buffer {
  const changed = Buffer.from(ciphertext);
  changed[0] = (changed[0] ?? 0) ^ 1;
  return changed;
}

describe('an event with a seal', () => {
  const textKeyOf = { keyId: 7n, name: '7', key: textKey(randomBytes(32)) };
  const seal: TextSeal = { key: textKeyOf, holder: uuidToBytes(ACCOUNT), version: 2n };
  const after = {
    status: 'open',
    version: 2n,
    currencyCode: 'EUR',
    balanceMinor: 5n,
    heldMinor: 0n,
    overdraftLimitMinor: 0n,
    debitsFrozen: false,
    creditsFrozen: false,
  } as const;
  const moved = { amountMinor: 5n, reference: 'salary of Ada', valueDate: '' } as const;
  const deposit = { type: 'MoneyDeposited', ...moved } as const;

  test('by hand is what the generated code makes of it, but for the nonce', () => {
    const writer = new WireWriter(100);
    writeEvent(writer, deposit, after, seal);
    const bytes = [writer.finish(), encodeEvent(deposit, after, seal)];
    const decoded = bytes.map((one) => Event.toJSON(Event.decode(one)));
    const texts = bytes.map((one) => openText(textKeyOf.key, seal.holder, 2n, sealedIn(one)));
    expect(texts.map(String)).toEqual([moved.reference, moved.reference]);
    expect(bytes.map((one) => one.length)).toEqual([bytes[0]?.length, bytes[0]?.length]);
    const hidden = JSON.stringify(decoded).replaceAll(/"(nonce|ciphertext)":"[^"]*"/g, '');
    const [one, two] = z.tuple([z.unknown(), z.unknown()]).parse(JSON.parse(tidied(hidden)));
    expect(one).toEqual(two);
  });

  test('whose key is destroyed leaves its text out', () => {
    const gone = { ...seal, key: { ...textKeyOf, key: undefined } };
    const writer = new WireWriter(100);
    writeEvent(writer, deposit, after, gone);
    const without = encodeEvent({ ...deposit, reference: '' }, after);
    expect(Buffer.from(writer.finish())).toEqual(Buffer.from(without));
    expect(Buffer.from(encodeEvent(deposit, after, gone))).toEqual(Buffer.from(without));
  });
});

const tidied = (json: string): string => json.replaceAll(/,+(?=[,}])/g, '');

describe('key-encryption keys', () => {
  const good = `a:${randomBytes(32).toString('base64')}`;

  test.each([
    ['a', 'entry 1 must be id:key'],
    [`${good},b:short`, 'entry 2 must be id:key'],
    [`${good},${good}`, 'the id a is given twice'],
    [',', 'must have 1 to 16 keys'],
  ])('%s is refused, without being shown', (text, problem) => {
    const refused = () => readKeyRing({ BANK_KEK: text });
    expect(refused).toThrow(problem);
    expect(refused).not.toThrow(good.slice(2));
  });

  test('the last one wraps, all of them unwrap, and where a key stands counts', () => {
    const keks = new Map(Object.entries({ a: randomBytes(32), b: randomBytes(32) }));
    const ring = keyRing(keks);
    const key = randomBytes(32);
    const wrapped = ring.wrap(key, keyPlace(Buffer.alloc(32, 1)));
    expect(wrapped.kekId).toBe('b');
    expect(ring.unwrap(wrapped, keyPlace(Buffer.alloc(32, 1)))).toEqual(key);
    expect(() => ring.unwrap(wrapped, keyPlace(Buffer.alloc(32, 2)))).toThrow('does not open');
    expect(readKeyRing({})).toBeUndefined();
  });
});
