/**
 * Shows how far an upload is: a bar that is drawn again in place on a terminal, plain lines
 * elsewhere.
 */
import { grouped } from '#client/cli/amounts.ts';

export { grouped };

export type UploadProgress = {
  sent: number;
  stored: number;
  visible: number;
  /** By performance.now(); undefined until the first message. */
  firstSentMs: number | undefined;
};

export type ProgressBar = {
  readonly progress: UploadProgress;
  /** Draws the last state and ends the line. */
  close(): void;
};

const TERMINAL_MS = 100;
const PLAIN_MS = 1_000;
const BAR_WIDTH = 24;
const CLEAR_TO_END = '\u001b[K';

/**
 * `total` is how many items there will be. The rate is of visible items since the first was sent.
 */
export function startProgressBar(out: NodeJS.WriteStream, total: number): ProgressBar {
  const progress: UploadProgress = { sent: 0, stored: 0, visible: 0, firstSentMs: undefined };
  const text = () => {
    const nowMs = performance.now();
    return progressText(progress, total, nowMs - (progress.firstSentMs ?? nowMs));
  };
  const draw = () => out.write(out.isTTY ? `\r${text()}${CLEAR_TO_END}` : `${text()}\n`);
  const timer = setInterval(draw, out.isTTY ? TERMINAL_MS : PLAIN_MS);
  return {
    progress,
    close: () => {
      clearInterval(timer);
      draw();
      if (out.isTTY) out.write('\n');
    },
  };
}

export function progressText(
  { sent, stored, visible }: Omit<UploadProgress, 'firstSentMs'>,
  total: number,
  elapsedMs: number,
): string {
  const part = total === 0 ? 1 : Math.min(1, visible / total);
  const bar = '#'.repeat(Math.round(part * BAR_WIDTH)).padEnd(BAR_WIDTH, '.');
  const rate = elapsedMs === 0 ? 0 : Math.round((visible / elapsedMs) * 1_000);
  const numbers = `sent ${grouped(sent)}  stored ${grouped(stored)}  visible ${grouped(visible)}`;
  return `[${bar}] ${numbers} of ${grouped(total)}  ${grouped(rate)}/s`;
}
