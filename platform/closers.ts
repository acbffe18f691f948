// The stack of what a process has opened. Everything that is opened adds its closer; closeAll runs
// them once, the last opened first, all of them even if some fail, and then throws the first error.
// A closer that is added while the others run is run too.
import type { Logger } from './logger.ts';

type Closer = { name: string; close: () => unknown };

export class Closers {
  #stack: Closer[] = [];
  #closing: Promise<void> | undefined;
  #closed = false;
  readonly #log: Logger | undefined;

  constructor(log?: Logger) {
    this.#log = log;
  }

  add(name: string, close: () => unknown): void {
    if (this.#closed) throw new Error(`${name} was opened after everything had been closed`);
    this.#stack.push({ name, close });
  }

  closeAll(): Promise<void> {
    this.#closing ??= this.#run();
    return this.#closing;
  }

  async #run(): Promise<void> {
    const errors: unknown[] = [];
    for (let closer = this.#stack.pop(); closer !== undefined; closer = this.#stack.pop()) {
      try {
        await closer.close();
      } catch (error) {
        this.#log?.error(`Could not close ${closer.name}.`, { err: error });
        errors.push(error);
      }
    }
    this.#closed = true;
    if (errors.length > 0) throw errors[0];
  }
}
