/**
 * Opens the sealed texts of records, by keys that are there: what it lacks it names, for the
 * records to be made into rows once more. A text that does not open by its key (it was changed, or
 * moved from elsewhere) or whose key is not known is shown as empty, like one that is erased; it is
 * counted, and holds up nothing.
 */
import { openText } from '#platform/sealed-text.ts';
import { counter } from '#platform/telemetry.ts';
import { keyIdOf, type TextKey } from '#platform/text-key.ts';
import { Sealed } from '#proto/bank/event/v1/events.ts';

/** Where a sealed text stands in a record, and to what it is bound. */
export type SealedPlace = {
  readonly accountAt: number;
  readonly versionLow: number;
  readonly versionHigh: number;
  /** The bytes of bank.event.v1.Sealed. */
  readonly sealedAt: number;
  readonly sealedEnd: number;
};

export type TextOpener = {
  /** The newest erasure of an owner that is known. */
  readonly erasureNo: bigint;
  open(bytes: Buffer, place: SealedPlace): Buffer;
};

const EMPTY = Buffer.alloc(0);
/** Where nothing is sealed. */
export const UNOPENED: TextOpener = { erasureNo: 0n, open: () => EMPTY };

const unreadable = counter(
  'bank.projector.unreadable_texts',
  'Sealed texts that do not open.',
  '{text}',
);

/** `keyOf` answers undefined for a key that it lacks, null for one that is not known at all. */
export function textOpener(
  erasureNo: bigint,
  keyOf: (keyId: bigint) => TextKey | null | undefined,
  missing: Set<bigint>,
): TextOpener {
  return {
    erasureNo,
    open(bytes, place) {
      const sealed = Sealed.decode(bytes.subarray(place.sealedAt, place.sealedEnd));
      const keyId = keyIdOf(sealed.keyId);
      const found = keyId === undefined ? null : keyOf(keyId);
      if (found === undefined) missing.add(keyId ?? 0n);
      if (found === undefined) return EMPTY;
      if (found !== null && found.key === undefined) return EMPTY;
      const account = bytes.subarray(place.accountAt, place.accountAt + 16);
      const version = (BigInt(place.versionHigh) << 32n) | BigInt(place.versionLow >>> 0);
      const text = found?.key && openText(found.key, account, version, sealed);
      if (text === undefined) unreadable.add(1);
      return text ?? EMPTY;
    },
  };
}
