/**
 * `npm run test:tools`: has ready what tests run and Go builds: grpcurl and jq for the documents'
 * calls, toxiproxy for the fault suite. A step of its own before the steps that use them, since the
 * first time on a machine it takes minutes.
 */
import { errorText } from '#deploy/error-text.ts';
import { findCallTools } from '#deploy/local/call-tools.ts';
import { progressLines } from '#deploy/local/progress.ts';
import { findToxiproxy } from '#test/faults/mesh/toxiproxy-binary.ts';

try {
  const folders = await findCallTools(progressLines);
  const toxiproxy = await findToxiproxy(progressLines);
  console.info(`grpcurl is in ${folders.join(', ')}; toxiproxy is ${toxiproxy}`);
} catch (error) {
  console.error(errorText(error));
  process.exitCode = 1;
}
