// How the two Java parts are run: from one flat class path of jars that Maven fetched into the
// cache once, tuned to start fast, with a class archive that the first run writes when it is
// stopped and every later one starts from.
import { createHash, randomUUID } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cachePath, cachedFolder } from './cache-folder.ts';
import type { Command } from './guarded-process.ts';
import type { Progress } from './progress.ts';
import { runTool } from './run-tool.ts';

const MAVEN_TIMEOUT_MS = 8 * 60_000;
const JAVA_TIMEOUT_MS = 60_000;
const ARCHIVE_GRACE_MS = 60_000; // 2 s on a quiet machine
const DRAFT_MAX_AGE_MS = 10 * 60_000;
const JAVA_OLDEST = 17;
const POM = fileURLToPath(new URL('pom.xml', import.meta.url));
const LOG_CONFIG = fileURLToPath(new URL('log4j2.properties', import.meta.url));
const PLUGIN = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies';
export const CLUSTER_ID = 'banking-es-local-stack'; // 22 characters: it passes for a base64 UUID

export type Java = {
  file: string;
  /** The folder with jars/ and, from Kafka's own format tool, bootstrap.checkpoint. */
  folder: string;
  /** Changes with the jars and with the Java version, as a class archive must. */
  fingerprint: string;
};

export async function findJava(progress: Progress): Promise<Java> {
  const home = process.env['JAVA_HOME'];
  const file = home === undefined || home === '' ? 'java' : join(home, 'bin/java');
  const version = await javaVersion(file);
  const pom = sha256(readFileSync(POM, 'utf8'));
  const folder = await cachedFolder(`kafka-${pom}`, progress, async (draft) => {
    progress(
      'kafka',
      'fetching Kafka, Connect and Debezium by Maven (60 MB, up to a minute, once)',
    );
    await fetchJars(join(draft, 'jars'));
    await formatStorage({ file, folder: draft }, draft);
  });
  return { file, folder, fingerprint: sha256(`${pom}\n${version}`) };
}

function jvmFlags(java: Java, part: JavaPart): string[] {
  const jit = part.jit === undefined ? ['-XX:TieredStopAtLevel=1'] : jitFlags(part.jit);
  return [
    ...jit,
    `-Xmx${part.heapMb}m`,
    `-Xmn${part.youngMb}m`,
    '-XX:+UseSerialGC',
    `-Dlog4j2.configurationFile=${LOG_CONFIG}`,
    '-Djava.awt.headless=true',
    '-cp',
    join(java.folder, 'jars', '*'),
  ];
}

/** The compiler that starts fast for all, and the one that optimizes for the few that need it. */
function jitFlags({ file, hotMethods }: HotMethods): string[] {
  const hot = hotMethods.map((name) => `"${name}"`).join(', ');
  const isHot = `{ match: [${hot}], c2: { Exclude: false } }`;
  writeFileSync(file, `[${isHot}, { match: "*.*", c2: { Exclude: true } }]`);
  const directives = ['-XX:+UnlockDiagnosticVMOptions', `-XX:CompilerDirectivesFile=${file}`];
  return [...directives, '-XX:CompileCommand=quiet']; // or each method that is left out is a line
}

/** Methods by class and name, as `java/lang/String.trim`, and the file that tells Java of them. */
export type HotMethods = { readonly file: string; readonly hotMethods: readonly string[] };

export type JavaPart = {
  name: string;
  heapMb: number;
  /** Of that, for young objects: a record of a megabyte should not live long enough to be moved. */
  youngMb: number;
  main: string;
  properties: string;
  /** What is worth optimizing; default: nothing. */
  jit?: HotMethods;
  /** Whether it has done what it is for, so that an archive of its classes is worth keeping. */
  hasLoadedAll: () => boolean;
};

/** How to run a Java part: with its class archive, or so that the archive is written at its end. */
export function javaCommand(java: Java, part: JavaPart): Pick<Command, 'file' | 'args' | 'atExit'> {
  const path = cachePath('classes', `${part.name}-${java.fingerprint}.jsa`);
  const main = [part.main, part.properties];
  const flags = [...jvmFlags(java, part), '-Xlog:cds=off', '-Xlog:cds+dynamic=off'];
  if (existsSync(path)) {
    return { file: java.file, args: [...flags, `-XX:SharedArchiveFile=${path}`, ...main] };
  }
  const draft = `${path}.${randomUUID()}`; // several workers may start at once
  mkdirSync(dirname(path), { recursive: true });
  removeOldDrafts(dirname(path));
  const keep = (): void => {
    if (existsSync(draft)) renameSync(draft, path);
  };
  return {
    file: java.file,
    args: [...flags, `-XX:ArchiveClassesAtExit=${draft}`, ...main],
    atExit: {
      what: 'writes its class archive, once (some seconds; later starts are faster)',
      isWanted: part.hasLoadedAll,
      graceMs: ARCHIVE_GRACE_MS,
      done: keep,
    },
  };
}

// A process that was killed while it wrote has left a part of an archive.
function removeOldDrafts(folder: string): void {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (name.endsWith('.jsa')) continue;
    const draft = statSync(path, { throwIfNoEntry: false }); // another run may just finish it
    if (draft !== undefined && Date.now() - draft.mtimeMs > DRAFT_MAX_AGE_MS) {
      rmSync(path, { force: true });
    }
  }
}

async function javaVersion(file: string): Promise<string> {
  const { stderr } = await runTool(file, ['-version'], {
    timeoutMs: JAVA_TIMEOUT_MS,
    missing: `There is no Java: install a Java runtime, version ${JAVA_OLDEST} or newer`,
  });
  const major = Number(/version "(\d+)/.exec(stderr)?.[1]);
  if (major >= JAVA_OLDEST) return stderr;
  throw new Error(`Java ${JAVA_OLDEST} or newer is needed, ${file} is ${stderr.split('\n')[0]}`);
}

async function fetchJars(folder: string): Promise<void> {
  const args = ['-q', '-B', '-f', POM, PLUGIN];
  await runTool('mvn', [...args, '-DincludeScope=runtime', `-DoutputDirectory=${folder}`], {
    timeoutMs: MAVEN_TIMEOUT_MS,
    missing: 'There is no Maven (mvn), which fetches Kafka and Debezium: install maven',
  });
}

/**
 * Kafka's own tool decides which features a new cluster has, and which users (`more`); a data
 * folder is a copy of its result, bootstrap.checkpoint in `folder`.
 */
export async function formatStorage(
  { file, folder: cache }: Pick<Java, 'file' | 'folder'>,
  folder: string,
  more: readonly string[] = [],
): Promise<void> {
  const properties = join(folder, 'format.properties');
  writeFileSync(properties, formatProperties(join(folder, 'formatted')));
  const jvm = ['-Xmx64m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'];
  const tool = ['-cp', join(cache, 'jars', '*'), 'kafka.tools.StorageTool', 'format'];
  await runTool(file, [...jvm, ...tool, '-t', CLUSTER_ID, '-c', properties, ...more], {
    timeoutMs: JAVA_TIMEOUT_MS,
    missing: 'There is no Java',
  });
  const formatted = join(folder, 'formatted');
  renameSync(join(formatted, 'bootstrap.checkpoint'), join(folder, 'bootstrap.checkpoint'));
  rmSync(formatted, { recursive: true });
  rmSync(properties);
}

function formatProperties(folder: string): string {
  return [
    'process.roles=broker,controller',
    'node.id=1',
    'controller.quorum.voters=1@127.0.0.1:1',
    'listeners=PLAINTEXT://127.0.0.1:2,CONTROLLER://127.0.0.1:1',
    'controller.listener.names=CONTROLLER',
    `log.dirs=${folder}`,
  ].join('\n');
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}
