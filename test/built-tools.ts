/**
 * `npm run call-tools`: has grpcurl and jq ready for the documents' calls. A step of its own before
 * the tests that use them, since the first time on a machine they are built.
 */
import { errorText } from '../error-text.ts';
import { findCallTools } from '../local/call-tools.ts';
import { progressLines } from '../local/progress.ts';

try {
  const folders = await findCallTools(progressLines);
  console.info(`grpcurl is in ${folders.join(', ')}`);
} catch (error) {
  console.error(errorText(error));
  process.exitCode = 1;
}
