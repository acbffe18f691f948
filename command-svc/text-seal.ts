/**
 * Free text on its way into an event's bytes: plain where nothing is sealed, else sealed by the key
 * of its account, bound to the account and the version that it stands in. Where the key was
 * destroyed the text is left out: an owner who was erased gets no new texts.
 */
import type { Command } from '#domain/commands.ts';
import { sealText, type SealedBytes } from '#platform/sealed-text.ts';
import type { TextKey } from '#platform/text-key.ts';
import type { SealedText } from '#proto/bank/event/v1/events.ts';

/** By what the texts of one event are sealed. */
export type TextSeal = {
  readonly key: TextKey;
  /** The account, 16 bytes. */
  readonly holder: Uint8Array;
  readonly version: bigint;
};

/** Undefined: the text is left out. */
export function sealedBytes(text: string, seal: TextSeal): SealedBytes | undefined {
  const { key } = seal.key;
  return key === undefined ? undefined : sealText(key, seal.holder, seal.version, text);
}

/** `seal` undefined: nothing is sealed. */
export function storedText(text: string, seal: TextSeal | undefined): SealedText | undefined {
  if (text === '') return undefined;
  if (seal === undefined) return { form: { $case: 'plain', value: text } };
  const sealed = sealedBytes(text, seal);
  if (sealed === undefined) return undefined;
  return { form: { $case: 'sealed', value: { keyId: seal.key.name, ...sealed } } };
}

/** Whether events of the command say what people wrote. */
export function hasText(command: Command): boolean {
  if ('reference' in command) return command.reference !== '';
  if ('reason' in command) return command.reason !== '';
  return command.type === 'OpenAccount';
}
