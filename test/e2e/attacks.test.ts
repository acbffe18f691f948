/**
 * Callers without a right to what they ask for, against every method of the three services, found
 * by their descriptors: whoever is nobody, whoever lacks a scope, and whoever names what belongs to
 * another tenant or owner, and must be told exactly what he is told of ids that nothing has.
 */
import { createHmac, createPublicKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { DescMethod } from '@bufbuild/protobuf';
import { MethodOptions_IdempotencyLevel as Level } from '@bufbuild/protobuf/wkt';
import { Metadata, status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { endLeases } from '#test/support/contract-ground.ts';
import { CONTRACT_METHODS, type Answer } from '#test/support/contract-methods.ts';
import { EVERY_SCOPE, openGuardedBank, type GuardedBank } from '#test/support/guarded-bank.ts';
import { holdStream } from '#test/support/held-stream.ts';
import { METHOD_SCOPES } from '#test/support/method-scopes.ts';
import { named } from '#test/support/named-answer.ts';
import { freshSeed, seededRandom } from '#test/support/random.ts';
import { SERVED_METHODS, type Ground } from '#test/support/served-requests.ts';
import { readEvents } from '#test/support/stored-rows.ts';
import { foreignGround, missingGround, rolesIn } from '#test/support/strangers.ts';
import { bearing } from '#test/support/token-issuer.ts';

const READS = Level.NO_SIDE_EFFECTS;
const SERVED = CONTRACT_METHODS.filter(({ name }) => name in SERVED_METHODS);
/** They end by themselves, when all is told. */
const ENDING = ['ReadAccountEvents', 'ExportStatement', 'Reconcile', 'VerifyEvents'];
const ENDLESS = CONTRACT_METHODS.filter(
  ({ methodKind, name }) => methodKind !== 'unary' && !ENDING.includes(name),
);
/** What such a stream tells before its deadline. */
const ENDLESS_MS = 3_000;
const random = seededRandom(freshSeed());
let bank: GuardedBank;
let before: unknown;

beforeAll(async () => {
  bank = await openGuardedBank(random);
  before = await eventsOf(bank.ground);
});
afterAll(async () => {
  await endLeases(bank.client);
  await bank.close();
});

describe('whoever is nobody', () => {
  const forged: Record<string, () => Promise<Metadata>> = {
    'without a token': () => Promise.resolve(new Metadata()),
    'with a token for another audience': () => bank.bearing({ aud: 'another-bank' }),
    'with a token that has expired': () => bank.bearing({}, -5),
    'with alg none': () => forgedToken('none', () => ''),
    'with HS256 by the public key': () => forgedToken('HS256', signedByPublicKey),
  };
  test.each(Object.keys(forged))('%s is let into no method', async (name) => {
    const metadata = (await forged[name]?.()) ?? new Metadata();
    const answers = await toAll(CONTRACT_METHODS, (method) => bank.call(method, {}, metadata));
    const wanted = `${status.UNAUTHENTICATED} INVALID_TOKEN`;
    expect(CONTRACT_METHODS.filter((_, at) => told(answers[at]) !== wanted)).toEqual([]);
  });

  test('does not learn from a log what others are let in by', () => {
    const sent = ['command-1', 'query-1', 'projector-1'].map((name) =>
      readFileSync(bank.mesh.replica(name).logFile, 'utf8'),
    );
    expect(sent.join('').length).toBeGreaterThan(0);
    expect(sent.join('')).not.toMatch(/eyJ|Bearer/);
  });
});

describe('whoever lacks a scope', () => {
  const rows = CONTRACT_METHODS.flatMap((method) =>
    (METHOD_SCOPES.get(pathOf(method)) ?? []).map((scope) => ({ method, scope })),
  );
  test('is told which, by every method', async () => {
    expect(rows.length).toBeGreaterThanOrEqual(CONTRACT_METHODS.length);
    const answers = await toAll(rows, async ({ method, scope }) => {
      const others = EVERY_SCOPE.filter((one) => one !== scope);
      return bank.call(method, {}, await bank.bearing({ scope: others }));
    });
    const wanted = rows.map(({ scope }) => `7 MISSING_SCOPE the caller's token lacks ${scope}`);
    const seen = answers.map((answer) => `${told(answer)} ${answer.message}`);
    expect(seen.map((text) => text.replace('the scope ', ''))).toEqual(wanted);
  });
});

describe("whoever names another one's", () => {
  const strangers = {
    'of another tenant': { sub: 'eve', tenant: 'evil' },
    'of another owner': { sub: 'eve', owner: 'eve' },
  };
  const cases = Object.keys(strangers).flatMap((who) =>
    SERVED.map((method) => ({ who, name: method.name, method })),
  );
  test.concurrent.each(cases)('$name: $who', async ({ who, name, method }) => {
    const claims = Object.entries(strangers).find(([key]) => key === who)?.[1] ?? {};
    const metadata = await bank.bearing(claims);
    const tell = async (ground: Ground) => {
      const request = SERVED_METHODS[name]?.request(ground) ?? {};
      const ms = ENDLESS.includes(method) ? ENDLESS_MS : undefined;
      const answer = await bank.call(method, request, metadata, ms);
      if (answer.code === status.DEADLINE_EXCEEDED) answer.message = ''; // with times in it
      return { request, answer, text: named(ground, answer) };
    };
    const [foreign, missing] = await Promise.all([
      tell(foreignGround(bank.ground, random)),
      tell(missingGround(random)),
    ]);
    expect(foreign.answer.code).not.toBe(status.UNAUTHENTICATED);
    const roles = rolesIn(bank.ground, foreign.request);
    if (roles.length > 0) expect(foreign.text).toBe(missing.text);
    for (const [role, id] of Object.entries(bank.ground)) {
      if (id !== '' && !roles.includes(role))
        expect(JSON.stringify(foreign.answer)).not.toContain(id);
    }
  });

  test('has changed nothing', async () => {
    expect(await eventsOf(bank.ground)).toEqual(before);
  });

  test('while its own tenant is told something else', async () => {
    const reading = SERVED.filter(({ name, idempotency }) => {
      const roles = rolesIn(bank.ground, SERVED_METHODS[name]?.request(bank.ground));
      return idempotency === READS && roles.length > 0;
    });
    const own = await bank.bearing({ scope: EVERY_SCOPE });
    const seen = await toAll(reading, async (method) => {
      const request = SERVED_METHODS[method.name]?.request(bank.ground) ?? {};
      const stranger = await bank.bearing({ tenant: 'evil' });
      const [theirs, ours] = await Promise.all(
        [stranger, own].map((metadata) => bank.call(method, request, metadata, ENDLESS_MS)),
      );
      return named(bank.ground, theirs) === named(bank.ground, ours) ? method.name : '';
    });
    expect(reading.length).toBeGreaterThan(10);
    expect(seen.filter((name) => name !== '')).toEqual([]);
  });
});

describe('a stream', () => {
  test('ends when the token of its caller does, of whatever method', async () => {
    const metadata = await bank.bearing({}, 3);
    const ends = await toAll(ENDLESS, (method) => {
      const ground = foreignGround(bank.ground, random);
      const asked = SERVED_METHODS[method.name]?.request(ground) ?? {};
      const request = method.name === 'StreamAcknowledgements' ? openSubmission(ground) : asked;
      return holdStream(bank.addressOf(method), method, request, metadata);
    });
    const message = 'the token or certificate has expired: go on with a new one';
    for (const end of ends) expect(end).toEqual({ code: status.UNAUTHENTICATED, message });
  });
});

function openSubmission({ openSubmission: submissionId }: Ground): { submission_id: string } {
  return { submission_id: submissionId };
}

function eventsOf({ account, otherAccount, emptyAccount }: Ground): Promise<unknown> {
  return readEvents(bank.mesh.stores, [account, otherAccount, emptyAccount]);
}

const AT_ONCE = 8;

async function toAll<T, R>(all: readonly T[], ask: (one: T) => Promise<R>): Promise<R[]> {
  const answers: R[] = [];
  for (let at = 0; at < all.length; at += AT_ONCE) {
    answers.push(...(await Promise.all(all.slice(at, at + AT_ONCE).map(ask))));
  }
  return answers;
}

function pathOf({ parent, name }: DescMethod): string {
  return `/${parent.typeName}/${name}`;
}

function told(answer: Answer | undefined): string {
  return `${answer?.code} ${answer?.reason}`;
}

async function forgedToken(alg: string, sign: (head: string) => string): Promise<Metadata> {
  const [, body = ''] = String((await bank.bearing()).get('authorization')[0]).split('.');
  const header = JSON.stringify({ alg, kid: bank.issuer.key().kid });
  const head = `${Buffer.from(header).toString('base64url')}.${body}`;
  return bearing(`${head}.${sign(head)}`);
}

function signedByPublicKey(head: string): string {
  const key = createPublicKey({ key: { ...bank.issuer.key().jwk }, format: 'jwk' });
  const secret = key.export({ type: 'spki', format: 'pem' });
  return createHmac('sha256', secret).update(head).digest('base64url');
}
