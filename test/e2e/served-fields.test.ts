/**
 * Generated from the descriptors: each field of each served method is set, alone, and must either
 * act (the answer or what is stored differs from the same call without it) or be refused
 * UNIMPLEMENTED by its name. Methods that are not served yet answer UNIMPLEMENTED.
 */
import { ScalarType, type DescField, type DescMethod, type JsonValue } from '@bufbuild/protobuf';
import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  callMethod,
  CONTRACT_METHODS,
  fieldPaths,
  withField,
  type JsonObject,
} from '#test/support/contract-methods.ts';
import { waitForProjection } from '#test/support/check-projection.ts';
import { openMesh, type Mesh } from '#test/support/mesh.ts';
import { freshSeed, seededRandom } from '#test/support/random.ts';
import { endLeases, freshIds, makeGround } from '#test/support/contract-ground.ts';
import { differingRebuild, dropRebuild } from '#test/support/differing-rebuild.ts';
import { named } from '#test/support/named-answer.ts';
import { SERVED_METHODS, type Ground, type ServedMethod } from '#test/support/served-requests.ts';
import { readEvents, readSubmission } from '#test/support/stored-rows.ts';
import { Event } from '#proto/bank/event/v1/events.ts';

const DEADLINE_MS = 1500;
const SERVED = CONTRACT_METHODS.filter((method) => method.name in SERVED_METHODS);
const FIELDS = SERVED.flatMap((method) =>
  fieldPaths(method.input).map((path) => ({ name: method.name, path, method })),
);
describe('every field of the contract', () => {
  let mesh: Mesh;
  const random = seededRandom(freshSeed());
  let standing: Ground | undefined;
  const bareOutcomes = new Map<DescMethod, ReturnType<typeof outcome>>();
  beforeAll(async () => {
    mesh = await openMesh({ command: 1, query: 1, projector: 1 });
  });
  afterAll(async () => {
    await dropRebuild(mesh);
    await endLeases(mesh.client);
    await mesh.close();
  });

  test('of every served method is known here', () => {
    expect(SERVED.map(({ name }) => name).toSorted()).toEqual(
      Object.keys(SERVED_METHODS).toSorted(),
    );
  });

  test.each(SERVED.filter(({ input }) => input.fields.length > 0))(
    '$name answers alike twice, so that a difference is its field',
    async (method) => {
      const without = await bare(method);
      const { endsWith = status.OK } = SERVED_METHODS[method.name] ?? {};
      expect(without.code, without.message).toBe(endsWith);
      expect((await outcome(method, undefined)).seen).toEqual(without.seen);
    },
  );

  test.each(FIELDS.filter(({ method }) => !standsApart(method)))(
    '$name: $path acts or is refused',
    actsOrIsRefused,
  );
  test.concurrent.each(FIELDS.filter(({ method }) => standsApart(method)))(
    '$name: $path acts or is refused, beside others',
    actsOrIsRefused,
  );

  test.each(CONTRACT_METHODS.filter(({ name }) => !(name in SERVED_METHODS)))(
    '$name is not served yet, and says so',
    async (method) => {
      const answer = await callMethod(addressOf(method), method, {}, DEADLINE_MS);
      expect(answer.code, answer.message).toBe(status.UNIMPLEMENTED);
    },
  );

  async function actsOrIsRefused({ method, path }: (typeof FIELDS)[number]): Promise<void> {
    const without = await bare(method);
    const set = await outcome(method, path);
    if (set.code === status.UNIMPLEMENTED) {
      expect(namesField(set.message, path), set.message).toBe(true);
      return;
    }
    expect(set.code, set.message).not.toBe(status.INTERNAL);
    expect(set.code, set.message).not.toBe(status.UNKNOWN);
    expect(set.seen, `${method.name}.${path} changes nothing`).not.toEqual(without.seen);
  }

  /** The outcome of a method's call as it is, made once. */
  function bare(method: DescMethod): ReturnType<typeof outcome> {
    const made = bareOutcomes.get(method) ?? outcome(method, undefined);
    bareOutcomes.set(method, made);
    return made;
  }

  /** What a call answers and leaves behind, with the ids of its ground replaced by their roles. */
  async function outcome(method: DescMethod, path: string | undefined) {
    const served = SERVED_METHODS[method.name];
    if (served === undefined) throw new Error(`no request for ${method.name}`);
    const ground = await groundFor(served);
    if (served.needsRebuild === true) ground.rebuild = await differingRebuild(mesh);
    let request: JsonObject = served.request(ground);
    if (path !== undefined) {
      request = withField(
        method.input,
        request,
        path,
        served.values?.(ground)[path] ?? defaultValue(method, path),
      );
    }
    const answer = await callMethod(addressOf(method), method, request, DEADLINE_MS);
    if (answer.code === served.endsWith) answer.message = ''; // the client's, with its times
    const seen = named(ground, { answer, stored: await storedOf(ground) });
    return { code: answer.code, message: answer.message, seen };
  }

  function addressOf(method: DescMethod): string {
    const { command, query, projector } = mesh.addresses;
    const service = method.parent.name;
    const addresses =
      service === 'AccountQueryService'
        ? query
        : service === 'ProjectorService'
          ? projector
          : command;
    return addresses[0] ?? '';
  }

  /** A ground of its own for a call that changes what it stands on; else the one that is there. */
  async function groundFor({ changes }: ServedMethod): Promise<Ground> {
    if (changes === 'all' || standing === undefined) {
      const made = await makeGround(mesh.client, random);
      await waitForProjection(mesh.stores);
      if (changes === 'all') return made;
      standing = made;
    }
    return { ...standing, ...freshIds(random) };
  }

  async function storedOf(ground: Ground) {
    const events = [
      ...(await readEvents(mesh.stores, [ground.account])),
      ...(await readEvents(mesh.stores, [ground.emptyAccount])),
      ...(await readEvents(mesh.stores, [ground.freshAccount])),
    ];
    const stored = [];
    for (const id of [ground.openSubmission, ground.freshSubmission]) {
      const { submission, batches, rejections } = await readSubmission(mesh.stores, id);
      const outcomes = batches.map(({ accepted, rejected, replayed }) => [
        accepted,
        rejected,
        replayed,
      ]);
      const state = {
        total: submission?.total_items,
        closed: (submission?.closed_at ?? null) !== null,
      };
      stored.push({ state, outcomes, rejections: rejections.map(({ reason }) => reason) });
    }
    const told = events.map(({ operation_id, payload }) => ({
      operation_id,
      event: Event.toJSON(Event.decode(payload)),
    }));
    return { events: told, submissions: stored };
  }
});

/** What each call does is to a ground of its own, or told of one account: others may run beside. */
function standsApart({ name, parent }: DescMethod): boolean {
  if (name === 'WatchAccount') return true;
  return SERVED_METHODS[name]?.changes === 'all' && parent.name !== 'BulkModeService';
}

/** A refusal names the field, or the message that it stands in. */
function namesField(message: string, path: string): boolean {
  const steps = path.replaceAll('[]', '').split('.');
  return steps.some((_, n) => message.includes(steps.slice(0, n + 1).join('.')));
}

function defaultValue(method: DescMethod, path: string): JsonValue {
  const field = fieldAt(method, path);
  if (field.fieldKind === 'scalar') {
    if (field.scalar === ScalarType.BOOL) return true;
    return field.scalar === ScalarType.STRING ? 'other' : '7';
  }
  throw new Error(`${method.name}.${path} needs a value in test/support/served-requests.ts`);
}

function fieldAt(method: DescMethod, path: string): DescField {
  let message = method.input;
  let found: DescField | undefined;
  for (const name of path.replaceAll('[]', '').split('.')) {
    found = message.fields.find((field) => field.name === name);
    if (found === undefined) throw new Error(`${method.name} has no field ${path}`);
    if (found.message !== undefined) message = found.message;
  }
  if (found === undefined) throw new Error(`${method.name} has no field ${path}`);
  return found;
}
