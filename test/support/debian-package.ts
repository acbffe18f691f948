/**
 * A program of a Debian package, fetched and unpacked into a folder: without root, and nothing is
 * installed, since apt-get gets lists of its own.
 */
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { runTool } from '#deploy/local/run-tool.ts';

const FETCH_TIMEOUT_MS = 150_000;

/** `whatToDo`: for a person where it cannot be had. */
export async function unpackDebianPackage(
  name: string,
  folder: string,
  whatToDo: string,
): Promise<void> {
  const run = async (file: string, ...args: string[]): Promise<void> => {
    const missing = `There is no ${file} to fetch ${name}: ${whatToDo}`;
    await runTool(file, args, { timeoutMs: FETCH_TIMEOUT_MS, missing });
  };
  const apt = join(folder, 'apt');
  for (const part of ['state/lists/partial', 'cache/archives/partial']) {
    mkdirSync(join(apt, part), { recursive: true });
  }
  try {
    await run(...aptGet(apt, 'update'));
    await run(...aptGet(apt, 'download', name));
    const file = readdirSync(apt).find((one) => one.endsWith('.deb'));
    if (file === undefined) throw new Error(`apt-get has no package ${name}`);
    await run('dpkg-deb', '-x', join(apt, file), folder);
  } catch (error) {
    throw new Error(`${name} could not be fetched: ${whatToDo}`, { cause: error });
  }
  rmSync(apt, { recursive: true });
}

/** With `folder` for all that it writes, a download too. */
function aptGet(folder: string, ...command: string[]): [string, ...string[]] {
  const options = [
    `Dir::State=${folder}/state`,
    `Dir::Cache=${folder}/cache`,
    'Dir::State::status=/var/lib/dpkg/status',
    'APT::Sandbox::User=', // the one that it changes to as root may not write there
    'Debug::NoLocking=1',
  ];
  const given = options.flatMap((option) => ['-o', option]);
  return ['env', '-C', folder, 'apt-get', '-qq', ...given, ...command];
}
