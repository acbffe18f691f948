/**
 * Migrations of a release are not edited any more: databases have them applied, and migrate.ts
 * refuses a file that has another hash. A release adds its new files here.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const V0_1_0 = [
  [
    'command-svc/migrations/000001-event-store.sql',
    '2431db4c1b6eabc36913d4c824185db05aeefa52669c2852fbf620d7f2d2e04c',
  ],
  [
    'command-svc/migrations/000002-append-batch.sql',
    'bd49fac7da8fc4513d21532393557090f4ce1711d77b2661ad26d600380be1b1',
  ],
  [
    'command-svc/migrations/000003-append-holds.sql',
    'd491b3bd504170306ba059b6657ad913f2eddc588226f54a7314b1bbe6dbbe61',
  ],
  [
    'command-svc/migrations/000004-archive.sql',
    '0b262743244736b04ae670571c1b1912bc8731058dc1a66e5961348aceeb0e51',
  ],
  [
    'projector-svc/migrations/000001-projection-store.sql',
    'add861a39f22816ff9e8cd5c70b9d1fe57d614bff0f15f2931ccb9cda1ac5d7c',
  ],
  [
    'projector-svc/migrations/000002-dead-letters.sql',
    '013c7962ab510443d9a5a0902530b8dc5b31cb80e78d72922812982bfad088e3',
  ],
  [
    'projector-svc/migrations/000003-rebuild.sql',
    '48a281e61903daff9f4c93a9219b319fe04085a78f156c9e0c33116767d00e7a',
  ],
] as const;

test.each(V0_1_0)('%s is as it was released', (path, sha256) => {
  const sql = readFileSync(new URL(`../../${path}`, import.meta.url));
  expect(createHash('sha256').update(sql).digest('hex')).toBe(sha256);
});
