// When to stop: Ctrl-C, SIGTERM, a closed terminal, and the end of the parent (the bootstrap holds
// an IPC channel to us, which ends with it by whatever means). One Ctrl-C reaches us more than
// once, from the terminal and from npm: what comes within a second of the first counts as the
// same. A later one ends the process at once; the guardians then end the parts.

const SAME_SIGNAL_MS = 1000;
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Calls stop once, with the name of what ended us and the exit code that goes with it. */
export function onStopSignal(stop: (reason: string, exitCode: number) => void): void {
  let firstAt: number | undefined;
  const arrive = (reason: string, exitCode: number): void => {
    if (firstAt === undefined) {
      firstAt = performance.now();
      stop(reason, exitCode);
    } else if (performance.now() - firstAt > SAME_SIGNAL_MS) {
      process.exit(exitCode);
    }
  };
  const codes = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 };
  for (const signal of SIGNALS) process.on(signal, () => arrive(signal, codes[signal]));
  if (process.channel === undefined || process.channel === null) return;
  process.on('disconnect', () => arrive('the parent has ended', 1));
  process.channel.unref(); // listening must not keep us running
}
