/**
 * The calls that the documents show, run by grpcurl on real services: every one is answered, or
 * refused, as they show it. When an answer has changed on purpose: npm run docs:grpcurl.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { answeredDocuments, type AnsweredDocument } from '#deploy/contract/answered-documents.ts';
import { findCallTools } from '#deploy/local/call-tools.ts';
import { progressLines } from '#deploy/local/progress.ts';
import { openMesh, type Mesh } from '#test/support/mesh.ts';

/** Builds grpcurl where `npm run test:tools` has not done so before. */
const FIRST_BUILD_MS = 300_000;

describe('the documents', () => {
  let mesh: Mesh;
  let toolFolders: string[];
  beforeAll(async () => {
    toolFolders = await findCallTools(progressLines);
    mesh = await openMesh({ command: 1, query: 1, projector: 1 });
  }, FIRST_BUILD_MS);
  afterAll(() => mesh.close());

  test('show what the bank answers', async () => {
    const documents = await answeredDocuments(mesh.addresses, toolFolders);
    expect(documents.map(asAnswered)).toEqual(documents.map(asWritten));
  });
});

function asWritten({ path, text }: AnsweredDocument): string {
  return `${path}\n${text}`;
}

function asAnswered({ path, answered }: AnsweredDocument): string {
  return `${path}\n${answered}`;
}
