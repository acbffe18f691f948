/** Where the fixtures with the sources of released versions are (pack-release.ts makes them). */
import { fileURLToPath } from 'node:url';

export function releaseArchive(tag: string): string {
  return fileURLToPath(new URL(`../fixtures/release-${tag}.tar.gz`, import.meta.url));
}
