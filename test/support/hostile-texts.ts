/**
 * Texts that are something else to whoever takes them for more than text, and the fields of a
 * method that take a text, found by trying.
 */
import { fromJson, type DescMethod } from '@bufbuild/protobuf';
import { fieldPaths, withField, type JsonObject } from '#test/support/contract-methods.ts';

export const HOSTILE_TEXTS = {
  sql: `' or '1'='1'; drop table events; --`,
  path: '../../../../etc/passwd',
  header: 'x\r\ngrpc-status: 0\r\nauthorization: Bearer x%s%n${process.env}',
  'more than any field takes': 'x'.repeat(200_000),
} as const;

/** The request once with each of its text fields set. */
export function withHostileText(
  { input }: DescMethod,
  request: JsonObject,
  text: string,
): JsonObject[] {
  return fieldPaths(input).flatMap((path) => {
    const hostile = withField(input, request, path, text);
    try {
      fromJson(input, hostile);
      return [hostile];
    } catch {
      return []; // a number, a time, an enum: no text
    }
  });
}
