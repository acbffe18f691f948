/**
 * The channel's service config follows the contract: who is retried, who has a deadline, and where
 * calls go.
 */
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { channelTarget } from '#client/bank-client.ts';
import { serviceConfigJson } from '#client/service-config.ts';

const CONFIG = z.object({
  methodConfig: z.array(
    z.object({
      name: z.array(z.object({ service: z.string(), method: z.string() })),
      timeout: z.string(),
      retryPolicy: z
        .object({ maxAttempts: z.number(), retryableStatusCodes: z.array(z.string()) })
        .optional(),
    }),
  ),
});

describe('the service config', () => {
  const parsed: unknown = JSON.parse(serviceConfigJson());
  const methods = new Map(
    CONFIG.parse(parsed).methodConfig.map((method) => [
      `${method.name[0]?.service}/${method.name[0]?.method}`,
      method,
    ]),
  );

  test.each(['AccountQueryService/GetAccount', 'AccountCommandService/Deposit'])(
    'gives %s a deadline and retries',
    (name) => {
      const method = methods.get(`bank.v1.${name}`);
      expect(method?.timeout).toBe('600.000s');
      expect(method?.retryPolicy).toMatchObject({
        maxAttempts: 4,
        retryableStatusCodes: ['UNAVAILABLE', 'INTERNAL'],
      });
    },
  );

  test.each(['BulkService/BulkDeposit', 'ProjectorService/StreamAcknowledgements'])(
    'leaves the stream %s to its caller',
    (name) => {
      expect(methods.has(`bank.v1.${name}`)).toBe(false);
    },
  );
});

describe('the target of a channel', () => {
  test.each([
    [['127.0.0.1:1', '10.0.0.2:2'], 'ipv4:127.0.0.1:1,10.0.0.2:2'],
    [['[::1]:1'], 'ipv6:[::1]:1'],
    [['bank.example:443'], 'dns:///bank.example:443'],
  ])('of %j is %s', (addresses, target) => {
    expect(channelTarget(addresses)).toBe(target);
  });

  test('needs addresses of one kind', () => {
    expect(() => channelTarget(['a:1', 'b:1'])).toThrow('must be IP addresses');
    expect(() => channelTarget([])).toThrow('no address');
  });
});
