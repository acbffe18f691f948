/**
 * One trace for each batch: queue, lock, load, decide, append in command-svc, pipe, project and
 * acknowledge in projector-svc, the context carried by the outbox row and Debezium's header; linked
 * to the caller's stream, which is a span in the caller's own trace. Sampled because its caller is.
 * Read from a local OTLP receiver.
 */
import { Metadata } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openAccounts, readFeed, sendDeposits } from '#test/support/bank-calls.ts';
import { checkLedger } from '#test/support/ledger-check.ts';
import { openMesh, type Mesh } from '#test/support/mesh.ts';
import {
  startOtlpReceiver,
  traceText,
  type OtlpReceiver,
  type ReceivedSpan,
} from '#test/support/otlp-receiver.ts';
import { makePayroll } from '#test/support/payroll.ts';
import { freshSeed, seededRandom } from '#test/support/random.ts';

const COMMAND_STEPS = ['queue', 'lock', 'load', 'decide', 'append'];
const PROJECTOR_STEPS = ['pipe', 'project', 'acknowledge'];
const STREAM = 'bank.v1.BulkService/BulkDeposit';

describe('the trace of a batch', () => {
  let mesh: Mesh;
  const secrets: string[] = [];
  let receiver: OtlpReceiver;
  const seed = freshSeed();
  const random = seededRandom(seed);
  beforeAll(async () => {
    receiver = await startOtlpReceiver();
    // Of the calls that no caller has sampled none is: what comes is the caller's.
    const sampler = { OTEL_TRACES_SAMPLER: 'parentbased_traceidratio' };
    const env = {
      ...sampler,
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
      OTEL_TRACES_SAMPLER_ARG: '0',
    };
    mesh = await openMesh({ command: 1, projector: 1 }, env);
  });
  afterAll(async () => {
    await mesh.close();
    receiver.close();
  });

  test('goes from the stream to the acknowledgement', async () => {
    const payroll = makePayroll(random, { accounts: 1, items: 100 });
    await openAccounts(mesh.client, payroll);
    secrets.push(payroll.submissionId, ...payroll.accounts.map(({ accountId }) => accountId));
    const caller = {
      traceId: random.uuid().replaceAll('-', ''),
      spanId: random.uuid().slice(0, 8),
    };
    const traceparent = `00-${caller.traceId}-${caller.spanId}${caller.spanId}-01`;
    const metadata = new Metadata();
    metadata.set('traceparent', traceparent);
    const feed = readFeed(mesh.client, payroll.submissionId);
    await sendDeposits(mesh.client, { ...payroll, metadata });
    const acks = (await feed).flatMap(({ acknowledgement }) => acknowledgement ?? []);
    expect(acks.length).toBeGreaterThan(0);

    for (const ack of acks) {
      const [, traceId = ''] = ack.traceparent.split('-');
      const spans = await receiver.waitFor(`the whole trace ${traceId}`, (all) => {
        const own = all.filter((span) => span.traceId === traceId);
        const names = new Set(own.map(({ name }) => name));
        const wanted = ['batch', ...COMMAND_STEPS, ...PROJECTOR_STEPS];
        return wanted.every((name) => names.has(name)) ? own : undefined;
      });
      checkTree(spans, ack.traceparent, caller.traceId);
    }
    await checkCallersTrace(caller);
    const acknowledgements = new Map([[payroll.submissionId, await feed]]);
    await checkLedger({ stores: mesh.stores, seed, payrolls: [payroll], acknowledgements });
  });

  test('has no span for a single item, and no name of what is in it', () => {
    const told = JSON.stringify(receiver.spans(), (_, value: unknown) =>
      typeof value === 'bigint' ? String(value) : value,
    );
    for (const secret of secrets) expect(told).not.toContain(secret);
    const names = new Map<string, number>();
    for (const { name } of receiver.spans()) names.set(name, (names.get(name) ?? 0) + 1);
    expect(Math.max(...names.values()), [...names].join(' ')).toBeLessThan(60);
  });

  /** The stream is a span of the caller's trace, and its intake is in it. */
  async function checkCallersTrace(caller: { traceId: string; spanId: string }): Promise<void> {
    const spans = await receiver.waitFor("the caller's stream", (all) => {
      const own = all.filter(({ traceId }) => traceId === caller.traceId);
      return own.some(({ name }) => name === STREAM) ? own : undefined;
    });
    const text = traceText(spans, caller.traceId);
    const stream = spans.find(({ name }) => name === STREAM);
    expect(stream?.parentSpanId, text).toBe(caller.spanId + caller.spanId);
    const intake = spans.find(({ name }) => name === 'intake');
    expect(intake?.parentSpanId, text).toBe(stream?.spanId);
  }

  function checkTree(
    spans: readonly ReceivedSpan[],
    traceparent: string,
    callerTrace: string,
  ): void {
    const text = traceText(spans, spans[0]?.traceId ?? '');
    const root = spans.find(({ name }) => name === 'batch');
    expect(root?.parentSpanId, text).toBe('');
    expect(traceparent.split('-')[2], text).toBe(root?.spanId);
    expect(
      root?.links.map(({ traceId }) => traceId),
      text,
    ).toContain(callerTrace);
    for (const name of COMMAND_STEPS) {
      const step = spans.find((span) => span.name === name);
      expect(step?.parentSpanId, `${name} in\n${text}`).toBe(root?.spanId);
      expect(step?.service, name).toBe('command-svc');
    }
    for (const name of PROJECTOR_STEPS) {
      const step = spans.find((span) => span.name === name);
      expect(ancestors(spans, step), `${name} in\n${text}`).toContain(root?.spanId);
      expect(step?.service, name).toBe('projector-svc');
    }
  }

  function ancestors(spans: readonly ReceivedSpan[], span: ReceivedSpan | undefined): string[] {
    if (span === undefined || span.parentSpanId === '') return [];
    const parent = spans.find(({ spanId }) => spanId === span.parentSpanId);
    return [span.parentSpanId, ...ancestors(spans, parent)];
  }
});
