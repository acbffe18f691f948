/**
 * Generated messages against methods, some calls at a time: how each method answered, and what no
 * caller may be told whatever it sends: INTERNAL, UNKNOWN, and answers that are no messages. What
 * is found is shown with the bytes that were sent.
 */
import type { DescMethod } from '@bufbuild/protobuf';
import { Client, credentials, status } from '@grpc/grpc-js';
import fc from 'fast-check';
import { brokenBytes } from './broken-bytes.ts';
import { fuzzCall } from './fuzz-call.ts';
import { messageBytes, type Ground } from './message-bytes.ts';

export type MethodReport = {
  readonly name: string;
  readonly calls: number;
  /** By the name of the status. */
  readonly codes: Readonly<Record<string, number>>;
  readonly findings: readonly string[];
};

export type FuzzOptions = {
  readonly messages: number;
  readonly seed: number;
  readonly ground: Ground;
  readonly signal?: AbortSignal;
};

const IN_FLIGHT = 24;
/** Made at once; what was answered before is known to the next ones. */
const CHUNK_CALLS = 100;
const STREAM_MESSAGES_MAX = 3;
const SHOWN_BYTES_MAX = 300;
const TOKENS_MAX = 200;
const NEVER = new Set([status.INTERNAL, status.UNKNOWN, status.DATA_LOSS]);

export async function fuzzMethod(
  address: string,
  method: DescMethod,
  options: FuzzOptions,
): Promise<MethodReport> {
  const codes = new Map<string, number>();
  const findings: string[] = [];
  const tokens = new Set<string>();
  const callOnce = async (client: Client, messages: readonly Buffer[]): Promise<void> => {
    try {
      const { code, message, responses } = await fuzzCall(client, method, messages);
      const name = status[code];
      codes.set(name, (codes.get(name) ?? 0) + 1);
      if (NEVER.has(code)) findings.push(`${name} "${message}" for ${shown(messages)}`);
      for (const response of responses) learnTokens(response, tokens);
    } catch (error) {
      findings.push(`no message came back (${String(error)}) for ${shown(messages)}`);
    }
  };
  let calls = 0;
  while (calls < options.messages && options.signal?.aborted !== true) {
    const count = Math.min(CHUNK_CALLS, options.messages - calls);
    const ground = { ...options.ground, tokens: [...tokens] };
    // Streams are left after their first answer: a connection may give up only so many calls.
    const client = new Client(address, credentials.createInsecure(), {
      'grpc.use_local_subchannel_pool': 1,
    });
    const messages = generated(method, ground, count, options.seed + calls);
    await inParallel(messages, (one) => callOnce(client, one)).finally(() => client.close());
    calls += count;
  }
  const name = `${method.parent.name}.${method.name}`;
  return { name, calls, codes: Object.fromEntries(codes), findings };
}

/** What is sent in each of so many calls; three in five are whole messages. */
function generated(method: DescMethod, ground: Ground, count: number, seed: number): Buffer[][] {
  const whole = messageBytes(method.input, ground);
  const one = fc.oneof(
    { arbitrary: whole, weight: 3 },
    { arbitrary: brokenBytes(whole), weight: 2 },
  );
  const isStream =
    method.methodKind === 'client_streaming' || method.methodKind === 'bidi_streaming';
  const bounds = isStream ? { maxLength: STREAM_MESSAGES_MAX } : { minLength: 1, maxLength: 1 };
  return fc.sample(fc.array(one, bounds), { numRuns: count, seed });
}

async function inParallel(
  calls: readonly Buffer[][],
  call: (messages: readonly Buffer[]) => Promise<void>,
): Promise<void> {
  let next = 0;
  const oneAfterAnother = async (): Promise<void> => {
    for (let messages = calls[next++]; messages !== undefined; messages = calls[next++]) {
      await call(messages);
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, oneAfterAnother));
}

function learnTokens(response: unknown, tokens: Set<string>): void {
  if (typeof response !== 'object' || response === null || tokens.size >= TOKENS_MAX) return;
  for (const [name, value] of Object.entries(response)) {
    if (name.endsWith('Token') && typeof value === 'string' && value !== '') tokens.add(value);
  }
}

function shown(messages: readonly Buffer[]): string {
  const texts = messages.map((bytes) => {
    const more = bytes.length > SHOWN_BYTES_MAX ? `... (${bytes.length} bytes)` : '';
    return bytes.subarray(0, SHOWN_BYTES_MAX).toString('hex') + more;
  });
  return `[${texts.join(', ')}]`;
}
