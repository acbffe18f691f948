/** Stored bytes: what was written once decodes for ever. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { EventBatch } from '#proto/bank/event/v1/event_batch.ts';
import { Event } from '#proto/bank/event/v1/events.ts';
import { decodeEvent } from '../../../command-svc/event-codec.ts';

const Fixtures = z.array(z.object({ name: z.string(), hex: z.string(), json: z.unknown() }));

function stored(file: string): z.infer<typeof Fixtures> {
  const text = readFileSync(new URL(`../../fixtures/${file}`, import.meta.url), 'utf8');
  return Fixtures.parse(JSON.parse(text));
}

describe('stored events', () => {
  it.each(stored('events-v1.json'))('decodes $name for ever', ({ hex, json }) => {
    expect(Event.toJSON(Event.decode(Buffer.from(hex, 'hex')))).toEqual(json);
  });

  it.each(stored('event-batches-v1.json'))('decodes the batch $name for ever', ({ hex, json }) => {
    expect(EventBatch.toJSON(EventBatch.decode(Buffer.from(hex, 'hex')))).toEqual(json);
  });

  it('says which event it cannot read', () => {
    const later = Event.encode({ body: undefined, after: Event.fromPartial({ after: {} }).after });
    expect(() => decodeEvent(later.finish())).toThrow('unknown type');
  });
});
