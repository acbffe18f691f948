/**
 * What the chart is rendered and checked with: Helm as a library for Java, from Maven Central, and
 * kubeconform, which Go builds. Each is fetched once into the cache.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cachedFolder } from '#deploy/local/cache-folder.ts';
import { goInstall } from '#deploy/local/go-install.ts';
import type { Progress } from '#deploy/local/progress.ts';
import { runTool } from '#deploy/local/run-tool.ts';

const MAVEN_TIMEOUT_MS = 8 * 60_000;
const POM = fileURLToPath(new URL('pom.xml', import.meta.url));
const PLUGIN = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies';
const KUBECONFORM_VERSION = '0.7.0';
const KUBECONFORM = `github.com/yannh/kubeconform/cmd/kubeconform@v${KUBECONFORM_VERSION}`;

/** The folder with Helm's jars. */
export function findHelmJars(progress: Progress): Promise<string> {
  const pom = createHash('sha256').update(readFileSync(POM)).digest('hex').slice(0, 16);
  return cachedFolder(`helm-java-${pom}`, progress, async (draft) => {
    progress('helm', 'fetching Helm for Java by Maven (30 MB, once)');
    const args = ['-q', '-B', '-f', POM, PLUGIN, '-DincludeScope=runtime'];
    await runTool('mvn', [...args, `-DoutputDirectory=${draft}`], {
      timeoutMs: MAVEN_TIMEOUT_MS,
      missing: 'There is no Maven (mvn), which fetches Helm: install maven',
    });
  });
}

export async function findKubeconform(progress: Progress): Promise<string> {
  const folder = await cachedFolder(
    `kubeconform-${KUBECONFORM_VERSION}`,
    progress,
    async (draft) => {
      progress('kubeconform', 'building it (some seconds, once)');
      await goInstall(KUBECONFORM, draft, 'install Go 1.25 or newer');
    },
  );
  return join(folder, 'kubeconform');
}
