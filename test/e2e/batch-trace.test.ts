/**
 * One trace for each batch: intake, lock, decide, append in command-svc, project and acknowledge in
 * projector-svc, the context carried by the outbox row and Debezium's header. Read from a local
 * OTLP receiver.
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

const COMMAND_STEPS = ['intake', 'lock', 'decide', 'append'];
const PROJECTOR_STEPS = ['project', 'acknowledge'];

describe('the trace of a batch', () => {
  let mesh: Mesh;
  let receiver: OtlpReceiver;
  const seed = freshSeed();
  const random = seededRandom(seed);
  beforeAll(async () => {
    receiver = await startOtlpReceiver();
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, OTEL_BSP_SCHEDULE_DELAY: '200' };
    mesh = await openMesh({ command: 1, projector: 1 }, env);
  });
  afterAll(async () => {
    await mesh.close();
    receiver.close();
  });

  test('goes from the stream to the acknowledgement', async () => {
    const payroll = makePayroll(random, { accounts: 1, items: 100 });
    await openAccounts(mesh.client, payroll);
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
    const acknowledgements = new Map([[payroll.submissionId, await feed]]);
    await checkLedger({ stores: mesh.stores, seed, payrolls: [payroll], acknowledgements });
  });

  test('has no span for a single item', () => {
    const names = new Map<string, number>();
    for (const { name } of receiver.spans()) names.set(name, (names.get(name) ?? 0) + 1);
    expect(Math.max(...names.values()), [...names].join(' ')).toBeLessThan(60);
  });

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
