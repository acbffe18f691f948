/**
 * Callers with a right to call, and what they send: texts that want to be code, paths or headers,
 * tokens of pages and streams that were given to others, transfers of which one leg is somebody
 * else's, operations that somebody else has executed. And the issuer's keys, out of reach.
 */
import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { endLeases } from '#test/support/contract-ground.ts';
import {
  callMethod,
  CONTRACT_METHODS,
  type Answer,
  type JsonObject,
} from '#test/support/contract-methods.ts';
import { authEnv, openGuardedBank, type GuardedBank } from '#test/support/guarded-bank.ts';
import { HOSTILE_TEXTS, withHostileText } from '#test/support/hostile-texts.ts';
import { freshSeed, seededRandom } from '#test/support/random.ts';
import { SERVED_METHODS } from '#test/support/served-requests.ts';
import { foreignGround } from '#test/support/strangers.ts';
import { until } from '#test/support/until.ts';

const STREAM_MS = 1_500;
/** A stream that takes the text waits for what will not come. */
const ENDLESS_MS = 400;
const EVE = { sub: 'eve', tenant: 'evil' };
const random = seededRandom(freshSeed());
let bank: GuardedBank;
let eveAccount: string;

const euros = (units: string) => ({ currency_code: 'EUR', minor_units: units });

async function ask(
  name: string,
  request: JsonObject,
  claims: object = {},
  ms?: number,
): Promise<Answer> {
  const method = CONTRACT_METHODS.find((one) => one.name === name);
  if (method === undefined) throw new Error(`no method ${name}`);
  return bank.call(method, request, await bank.bearing({ ...claims }), ms);
}

beforeAll(async () => {
  bank = await openGuardedBank(random);
  eveAccount = random.uuid();
  const opened = { account_id: eveAccount, currency_code: 'EUR', owner: 'eve' };
  const funded = { account_id: eveAccount, amount: euros('1000') };
  const answers = [await ask('OpenAccount', opened, EVE), await ask('Deposit', funded, EVE)];
  const refused = answers.find(({ code }) => code !== status.OK);
  if (refused !== undefined) throw new Error(refused.message);
});
afterAll(async () => {
  await endLeases(bank.client);
  await bank.close();
});

describe('a transfer', () => {
  const notFound = { code: status.NOT_FOUND, reason: 'ACCOUNT_NOT_FOUND' };
  const move = (from: string, to: string) => ({
    source_account_id: from,
    destination_account_id: to,
    amount: euros('1'),
  });

  test('goes neither to nor from an account of another tenant, alone or in a batch', async () => {
    const theirs = bank.ground.account;
    const pairs = [move(eveAccount, theirs), move(theirs, eveAccount)];
    for (const transfer of pairs) {
      expect(await ask('Transfer', transfer, EVE)).toMatchObject(notFound);
      expect(await ask('Transfer', { ...transfer, validate_only: true }, EVE)).toMatchObject(
        notFound,
      );
      const batch = { mode: 'BATCH_MODE_ATOMIC', operations: [{ transfer }] };
      const atomic = { ...batch, submission_id: `t-${random.uuid()}` };
      expect(await ask('SubmitBatch', atomic, EVE)).toMatchObject(notFound);
      const stream = { submission_id: `t-${random.uuid()}`, operations: [{ transfer }] };
      const streamed = await ask('BulkSubmit', stream, EVE);
      expect(JSON.stringify(streamed.responses)).toContain('"reason":"ACCOUNT_NOT_FOUND"');
      expect(JSON.stringify(streamed.responses)).not.toContain('"version"');
    }
    const sweep = { account_id: eveAccount, sweep_to: theirs };
    expect(await ask('CloseAccount', sweep, EVE)).toMatchObject(notFound);
  });
});

describe('an operation that another tenant has executed', () => {
  test('is not answered again', async () => {
    const { account, operation } = bank.ground;
    const repeated = {
      account_id: account,
      amount: euros('10'),
      operation_id: operation,
      reference: 'second',
    };
    expect(JSON.stringify((await ask('Deposit', repeated)).responses)).toContain('"replayed":true');
    const stolen = await ask('Deposit', repeated, EVE);
    expect(stolen).toMatchObject({ code: status.NOT_FOUND, reason: 'ACCOUNT_NOT_FOUND' });
    const item = { submission_id: `r-${random.uuid()}`, deposits: [repeated] };
    const bulk = await ask('BulkDeposit', item, EVE);
    expect(JSON.stringify(bulk.responses)).toContain('"rejected":"1"');
    const taken = { account_id: account, currency_code: 'EUR', operation_id: operation };
    const opened = await ask('OpenAccount', taken, EVE);
    expect(opened).toMatchObject({ code: status.ALREADY_EXISTS, reason: 'ACCOUNT_EXISTS' });
  });
});

describe('a token that was given to another tenant', () => {
  const lists: Record<string, [field: string, of: string, () => JsonObject]> = {
    ListAccounts: ['page_token', 'next_page_token', () => ({ owner: bank.ground.owner })],
    ListSubmissions: ['page_token', 'next_page_token', () => ({})],
    ListRejections: ['page_token', 'next_page_token', () => submission()],
    ListItemResults: ['page_token', 'next_page_token', () => submission()],
    SubscribeToEvents: ['resume_token', 'resume_token', () => ({})],
    StreamAcknowledgements: ['resume_token', 'resume_token', () => submission()],
  };
  test.each(Object.keys(lists))('of %s is refused', async (name) => {
    const [field = '', of = '', request] = lists[name] ?? [];
    const asked = { ...request?.(), ...(field === 'page_token' ? { page_size: 1 } : {}) };
    const given = await ask(name, asked, {}, STREAM_MS);
    const token = new RegExp(`"${of}":"([^"]+)"`).exec(JSON.stringify(given.responses))?.[1];
    expect(token, given.message).toBeDefined();
    const answer = await ask(name, { ...asked, [field]: token ?? '' }, EVE, STREAM_MS);
    expect(answer.code, answer.message).toBe(status.INVALID_ARGUMENT);
    expect(answer.message).toContain(field);
  });

  function submission(): JsonObject {
    return { submission_id: bank.ground.submission };
  }
});

describe('in every text field of every method', () => {
  const served = CONTRACT_METHODS.filter(({ name }) => name in SERVED_METHODS);
  test.each(Object.keys(HOSTILE_TEXTS))('%s stays a text', async (kind) => {
    const text = Object.entries(HOSTILE_TEXTS).find(([key]) => key === kind)?.[1] ?? '';
    const metadata = await bank.bearing();
    const asked = served.flatMap((method) => {
      const ground = foreignGround(bank.ground, random);
      const request = SERVED_METHODS[method.name]?.request(ground) ?? {};
      return withHostileText(method, request, text).map((hostile) => ({ method, hostile }));
    });
    expect(asked.length).toBeGreaterThan(100);
    const wrong: string[] = [];
    const waiting = asked.values();
    const worker = async (): Promise<void> => {
      for (const { method, hostile } of waiting) {
        const ms = method.methodKind === 'server_streaming' ? ENDLESS_MS : undefined;
        const answer = await bank.call(method, hostile, metadata, ms);
        const isWrong = [status.INTERNAL, status.UNKNOWN, status.UNAVAILABLE].includes(answer.code);
        if (isWrong) wrong.push(`${method.name}: ${answer.code} ${answer.message}`);
      }
    };
    await Promise.all(Array.from({ length: 16 }, worker));
    expect(wrong).toEqual([]);
  });
});

describe("the issuer's keys", () => {
  test('are out of reach: who knows them goes on, who starts waits for them', async () => {
    const read = (): Promise<Answer> => ask('GetAccount', { account_id: bank.ground.account });
    expect((await read()).code).toBe(status.OK);
    await bank.issuer.stop();
    expect((await read()).code).toBe(status.OK);
    await bank.mesh.start('query', 'query-2', authEnv(bank.issuer));
    const method = CONTRACT_METHODS.find(({ name }) => name === 'GetAccount');
    const [, address = ''] = bank.mesh.addresses.query;
    if (method === undefined) throw new Error('no GetAccount');
    const metadata = await bank.bearing();
    const late = (): Promise<Answer> =>
      callMethod(address, method, { account_id: bank.ground.account }, 10_000, metadata);
    expect(await late()).toMatchObject({ code: status.UNAVAILABLE, reason: 'KEYS_UNAVAILABLE' });
    await bank.issuer.startAgain();
    await until('the keys are there', async () => (await late()).code === status.OK);
  });
});
