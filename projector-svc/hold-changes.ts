/**
 * What one transaction makes of holds: events come in the order of their versions, so a later one
 * takes the place of an earlier one. Only few batches have any.
 */
import { EventType } from '#proto/bank/event/v1/events.ts';
import { uuidFromBytes } from '#platform/uuid.ts';
import type { EventFields } from './event-fields.ts';
import { int64Of } from '#platform/wire-reader.ts';

/** One hold, as update_holds takes it. */
type HoldChange = {
  /** Its account, */
  readonly a: string;
  /** and its own id. */
  readonly h: string;
  /** Placed in this transaction. */
  readonly p: boolean;
  /** What it has left, minor units; 0: it has ended. */
  readonly r: string;
  /** When it expires, microseconds since 1970; null: never, or placed earlier. */
  readonly e: string | null;
};

export class HoldChanges {
  readonly #byHold = new Map<string, HoldChange>();

  /** Of an event that names a hold. */
  add(bytes: Buffer, fields: EventFields): void {
    const a = uuidFromBytes(bytes, fields.accountAt);
    const h = uuidFromBytes(bytes, fields.holdAt);
    const r = String(int64Of(fields.holdLeftLow, fields.holdLeftHigh));
    const earlier = this.#byHold.get(a + h);
    if (fields.type === EventType.EVENT_TYPE_HOLD_PLACED) {
      const expires = int64Of(fields.expiresLow, fields.expiresHigh);
      this.#byHold.set(a + h, { a, h, p: true, r, e: expires === 0n ? null : String(expires) });
    } else {
      this.#byHold.set(a + h, { a, h, p: earlier?.p ?? false, r, e: earlier?.e ?? null });
    }
  }

  /** The argument of update_holds; undefined when no hold has changed. */
  json(): string | undefined {
    return this.#byHold.size === 0 ? undefined : JSON.stringify([...this.#byHold.values()]);
  }
}
