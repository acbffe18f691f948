// Builds a program from its Go module, in one pinned version, into a folder. All are built alike
// (without cgo, stripped), so that what they have in common is compiled once.
import { runTool } from './run-tool.ts';

const BUILD_TIMEOUT_MS = 8 * 60_000;

/** `program` is a package with its version; `whatToDo` is for a person where there is no way. */
export async function goInstall(program: string, folder: string, whatToDo: string): Promise<void> {
  const stamp = `-s -w -X main.version=v${program.split('@v')[1]}`;
  try {
    await runTool('go', ['install', '-ldflags', stamp, program], {
      timeoutMs: BUILD_TIMEOUT_MS,
      missing: 'There is no Go on the PATH',
      env: { GOBIN: folder, CGO_ENABLED: '0' },
    });
  } catch (error) {
    throw new Error(`${program} could not be built: ${whatToDo}`, { cause: error });
  }
}
