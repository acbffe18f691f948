/**
 * How a stream's items get their indexes, and what is refused: each row is a stream of messages.
 */
import { describe, expect, it } from 'vitest';
import { RpcError } from '#platform/grpc-errors.ts';
import type { BulkMessage } from '../../../command-svc/bulk-messages.ts';
import { placeMessage, startNumbering, statedEnd } from '../../../command-svc/item-numbering.ts';
import { UploadOptions } from '#proto/bank/v1/bulk_service.ts';

type Message = { count: number; first?: bigint; id?: string; options?: Partial<UploadOptions> };

const messageOf = ({ count, first, id = 's', options }: Message): BulkMessage<number> => ({
  submissionId: id,
  items: new Array<number>(count).fill(0),
  itemsField: 'deposits',
  firstItemIndex: first,
  options: options === undefined ? undefined : UploadOptions.fromPartial(options),
});

/** The first index of each message, then the stated end; or the field that is refused. */
function number(messages: readonly Message[]): (number | string | undefined)[] {
  const all = messages.map(messageOf);
  const placed: (number | string | undefined)[] = [];
  try {
    const [first] = all;
    if (first === undefined) throw new Error('no message');
    const numbering = startNumbering(first);
    for (const [i, message] of all.entries()) {
      placed.push(placeMessage(numbering, message, i === 0));
    }
    return [...placed, statedEnd(numbering)];
  } catch (error) {
    if (!(error instanceof RpcError)) throw error;
    return [...placed, error.violations?.[0]?.field];
  }
}

const MAX = BigInt(Number.MAX_SAFE_INTEGER);

describe('the numbering of a stream', () => {
  it.each<[string, Message[], (number | string | undefined)[]]>([
    ['begins at 0 and goes on', [{ count: 3 }, { count: 2 }], [0, 3, 5]],
    ['begins where it is told to', [{ count: 3, first: 10n }, { count: 1 }], [10, 13, 14]],
    ['may leave gaps', [{ count: 1 }, { count: 1, first: 5n }], [0, 5, 6]],
    ['may not repeat an index', [{ count: 2 }, { count: 1, first: 1n }], [0, 'first_item_index']],
    ['may not begin below 0', [{ count: 1, first: -1n }], ['first_item_index']],
    ['may not pass the numbers', [{ count: 1, first: MAX + 1n }], ['first_item_index']],
    ['may not pass the numbers by its items', [{ count: 1, first: MAX }], ['first_item_index']],
    ['ends below its stated end', [{ count: 2, options: { endItemIndex: 2n } }], [0, 2]],
    [
      'may not reach its stated end',
      [{ count: 3, options: { endItemIndex: 2n } }],
      ['options.end_item_index'],
    ],
    [
      'may not state an end below its start',
      [{ count: 0, first: 5n, options: { endItemIndex: 4n } }],
      ['options.end_item_index'],
    ],
    ['states the end of its part', [{ count: 1, options: { endItemIndex: 9n } }], [0, 9]],
    ['of an empty stream says nothing of the end', [{ count: 0 }], [0, undefined]],
    ['of an empty stream may say its end', [{ count: 0, first: 7n }], [7, 7]],
    [
      'takes options in the first message only',
      [{ count: 1 }, { count: 1, options: {} }],
      [0, 'options'],
    ],
    ['names one submission', [{ count: 1 }, { count: 1, id: 't' }], [0, 'submission_id']],
    ['names it in every message', [{ count: 1 }, { count: 1, id: '' }], [0, 'submission_id']],
    ['names one that can be', [{ count: 1, id: 'a b' }], ['submission_id']],
  ])('%s', (_name, messages, expected) => {
    expect(number(messages)).toEqual(expected);
  });
});
