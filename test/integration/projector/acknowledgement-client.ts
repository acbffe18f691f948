/** Reads a stream of acknowledgements to its end, or to where a test wants to stop. */
import { credentials, type ClientReadableStream } from '@grpc/grpc-js';
import { decodeStatusDetails, type StatusDetails } from '#platform/grpc-errors.ts';
import {
  ProjectorServiceClient,
  type StreamAcknowledgementsRequest as Request,
  type StreamAcknowledgementsResponse as Message,
} from '#proto/bank/v1/projector_service.ts';

export type Ending = { code: number; message: string; details: StatusDetails | undefined };

export type Reading = {
  messages: Message[];
  stream: ClientReadableStream<Message>;
  /** Resolves when the stream has ended; code 0 is OK. */
  ended: Promise<Ending>;
  close: () => void;
};

export function readAcknowledgements(address: string, request: Partial<Request>): Reading {
  const client = new ProjectorServiceClient(address, credentials.createInsecure());
  const stream = client.streamAcknowledgements({
    submissionId: '',
    resumeToken: '',
    includeItemIndexes: true,
    ...request,
  });
  const messages: Message[] = [];
  stream.on('data', (message: Message) => messages.push(message));
  const ended = new Promise<Ending>((resolve) => {
    stream.on('error', () => undefined); // 'status' tells the same
    stream.on('status', ({ code, details, metadata }) =>
      resolve({ code, message: details, details: decodeStatusDetails(metadata) }),
    );
  });
  const close = (): void => {
    stream.cancel();
    client.close();
  };
  return { messages, stream, ended, close };
}

/** Every item index that was told, ascending. */
export function indexesOf(messages: readonly Message[]): number[] {
  return messages
    .flatMap((message) => (message.acknowledgement?.itemIndexes ?? []).map(Number))
    .sort((a, b) => a - b);
}

/**
 * The rules that hold for the messages of a submission from its first to its last, over all its
 * streams.
 */
export function storyProblems(messages: readonly Message[], accepted: number): string[] {
  const problems: string[] = [];
  let total = 0n;
  const last = new Map<number, bigint>();
  for (const [i, { acknowledgement: told, progress, resumeToken }] of messages.entries()) {
    if (resumeToken === '') problems.push(`message ${i} has no token`);
    total += told?.itemCount ?? 0n;
    if (progress?.projectedTotal !== total) problems.push(`message ${i} says another total`);
    if (progress?.complete === true && i < messages.length - 1) problems.push(`${i} is not last`);
    if (told === undefined) continue;
    if (told.seq <= (last.get(told.partition) ?? 0n)) problems.push(`message ${i} is out of order`);
    last.set(told.partition, told.seq);
  }
  const end = messages.at(-1);
  if (end?.progress?.complete !== true || end.acknowledgement !== undefined) {
    problems.push('the last message does not say complete');
  }
  if (end?.progress?.acceptedTotal !== BigInt(accepted)) problems.push('accepted_total differs');
  if (total !== BigInt(accepted)) problems.push(`${total} items were told, not ${accepted}`);
  const indexes = indexesOf(messages);
  if (new Set(indexes).size !== indexes.length) problems.push('an item was told twice');
  return problems;
}
