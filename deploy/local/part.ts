// A part of the local stack: a server that is started, asked until it answers, started again with
// back-off when it ends by itself, and stopped. The part stays 'failed', and says so to onGivenUp,
// when it has ended too often in a row. Tests kill, pause and restart parts through it.
import { backoffMs, sleep } from '#platform/waiting.ts';
import { endProcess, signalProcess, spawnGuarded } from './guarded-process.ts';
import type { ExitStatus, GuardedProcess, LastWrite } from './guarded-process.ts';
import { describeExit, partError, unlessAborted, untilReady } from './part-start.ts';
import type { PartSpec } from './part-start.ts';
import { processTree, residentBytes, treeBytes, treeCpuMs } from './process-tree.ts';
import type { Progress } from './progress.ts';

export type { PartSpec } from './part-start.ts';

const BACKOFF = { firstMs: 250, maxMs: 5000 } as const;
const ENDED_IN_A_ROW_MAX = 10;
/** A process that lived this long ended for a new reason: the back-off starts anew. */
const LIVED_WELL_MS = 30_000;

export type PartOptions = {
  progress: Progress;
  /** Start it again when it ends by itself. */
  restarts: boolean;
  onGivenUp: (reason: Error) => void;
};

type State = 'stopped' | 'starting' | 'running' | 'waiting' | 'stopping' | 'failed';

export class Part {
  readonly spec: PartSpec;
  readonly #options: PartOptions;
  #state: State = 'stopped';
  #process: GuardedProcess | undefined;
  #atExit: LastWrite | undefined;
  #endedInARow = 0;
  #isPaused = false;
  #wanted = new AbortController(); // aborted by stop(): no restart may come after it
  #running = Promise.withResolvers<void>();

  constructor(spec: PartSpec, options: PartOptions) {
    this.spec = spec;
    this.#options = options;
    this.#running.promise.catch(() => undefined); // whoever waits is told; nobody has to
  }

  get name(): string {
    return this.spec.name;
  }

  get state(): State {
    return this.#state;
  }

  get logFile(): string {
    return this.spec.logFile;
  }

  /** Undefined while no process lives. */
  get pid(): number | undefined {
    return this.#process?.hasExited() === false ? this.#process.pid : undefined;
  }

  /** Resolves when the part answers; a first start that fails is not repeated. */
  async start(): Promise<void> {
    if (this.#state !== 'stopped' && this.#state !== 'failed') {
      throw new Error(`${this.name} cannot be started, it is ${this.#state}`);
    }
    this.#wanted = new AbortController();
    this.#endedInARow = 0;
    try {
      await this.#startOnce();
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  /** Stops it for good (until start()); with SIGKILL as the signal it gets no chance to tidy up. */
  async stop(signal: NodeJS.Signals = this.spec.stopSignal): Promise<void> {
    this.#wanted.abort(new Error(`${this.name} was stopped`));
    if (this.#state !== 'failed') this.#enter('stopping');
    if (this.#isPaused && this.pid !== undefined) this.resume();
    if (this.#process !== undefined) {
      const write = signal === 'SIGKILL' ? undefined : this.#lastWrite();
      if (write !== undefined) this.#options.progress(this.name, write.what);
      const graceMs = write?.graceMs ?? this.spec.graceMs;
      const status = await endProcess(this.#process, signal, graceMs);
      if (status.signal === null) write?.done();
    }
    this.#process = undefined;
    this.#enter('stopped');
  }

  /** For a stack whose data is thrown away: no tidying up, unless it has something to write. */
  async discard(): Promise<void> {
    await this.stop(this.#lastWrite() === undefined ? 'SIGKILL' : this.spec.stopSignal);
  }

  async restart(signal?: NodeJS.Signals): Promise<void> {
    await this.stop(signal);
    await this.start();
  }

  /** A fault: a signal that ends it. It is started again with back-off (where restarts are on). */
  kill(signal: NodeJS.Signals = 'SIGKILL'): void {
    const pid = this.#pidOrThrow();
    this.#enter('waiting'); // whenRunning() means the next process
    signalProcess(pid, signal);
  }

  /** A fault: the process and its children stop where they are, until resume(). */
  pause(): void {
    this.#isPaused = true;
    for (const pid of processTree(this.#pidOrThrow())) signalProcess(pid, 'SIGSTOP');
  }

  resume(): void {
    this.#isPaused = false;
    for (const pid of processTree(this.#pidOrThrow())) signalProcess(pid, 'SIGCONT');
  }

  /** Resolves when it is running (now, or after its restart); rejects when it has given up. */
  async whenRunning(timeoutMs: number): Promise<void> {
    if (this.#state === 'running' && this.pid !== undefined) return;
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(() => {
      late.reject(new Error(`${this.name} is ${this.#state}, not running`));
    }, timeoutMs);
    await Promise.race([this.#running.promise, late.promise]).finally(() => clearTimeout(timer));
  }

  rssBytes(): number {
    return this.pid === undefined ? 0 : residentBytes(this.pid);
  }

  memoryBytes(): number {
    return this.pid === undefined ? 0 : treeBytes(this.pid);
  }

  cpuMs(): number {
    return this.pid === undefined ? 0 : treeCpuMs(this.pid);
  }

  async #startOnce(): Promise<void> {
    this.#enter('starting');
    const command = await unlessAborted(this.spec.command(), this.#wanted.signal);
    const startedAt = performance.now();
    const guarded = await spawnGuarded({
      command,
      logFile: this.spec.logFile,
      stopSignal: this.spec.stopSignal,
      orphanGraceMs: Math.min(this.spec.graceMs, 3000),
    });
    this.#process = guarded;
    this.#atExit = command.atExit;
    const say = (text: string): void => this.#options.progress(this.name, text);
    await untilReady(this.spec, guarded, { startedAt, signal: this.#wanted.signal, say });
    this.#enter('running');
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
    this.#options.progress(this.name, `ready in ${seconds} s`);
    void guarded.exited.then((status) => this.#onExit(status, performance.now() - startedAt));
  }

  async #onExit(status: ExitStatus, livedMs: number): Promise<void> {
    if (this.#wanted.signal.aborted) return;
    this.#options.progress(this.name, `ended (${describeExit(status)})`);
    if (!this.#options.restarts) return this.#giveUp(`ended (${describeExit(status)})`);
    if (livedMs > LIVED_WELL_MS) this.#endedInARow = 0;
    while (!this.#wanted.signal.aborted) {
      this.#endedInARow += 1;
      if (this.#endedInARow > ENDED_IN_A_ROW_MAX) {
        return this.#giveUp(`ended ${ENDED_IN_A_ROW_MAX} times in a row`);
      }
      if (await this.#startAgain()) return;
    }
  }

  async #startAgain(): Promise<boolean> {
    this.#enter('waiting');
    const delayMs = backoffMs(BACKOFF, this.#endedInARow);
    this.#options.progress(this.name, `is started again in ${delayMs} ms`);
    try {
      await sleep(delayMs, this.#wanted.signal);
      await this.#startOnce();
      return true;
    } catch (error) {
      if (this.#wanted.signal.aborted) return true;
      this.#options.progress(this.name, error instanceof Error ? error.message : String(error));
      if (this.#process !== undefined) await endProcess(this.#process, 'SIGKILL', 0);
      return false;
    }
  }

  #giveUp(reason: string): void {
    const failure = partError(this.spec, reason);
    this.#enter('failed');
    this.#running.reject(failure);
    this.#options.onGivenUp(failure);
  }

  #enter(state: State): void {
    if (state === 'running') this.#running.resolve();
    else if (this.#state === 'running') {
      this.#running = Promise.withResolvers<void>();
      this.#running.promise.catch(() => undefined);
    }
    this.#state = state;
  }

  #lastWrite(): LastWrite | undefined {
    return this.#atExit?.isWanted() === true ? this.#atExit : undefined;
  }

  #pidOrThrow(): number {
    if (this.pid === undefined) throw new Error(`${this.name} has no process, it is ${this.state}`);
    return this.pid;
  }
}
