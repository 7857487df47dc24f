const WIDTH = 30;
const INTERVAL_MS = 100;

/** A bar on a terminal's standard error; nothing elsewhere. */
export class Progress {
  readonly #stream: NodeJS.WriteStream;
  readonly #isShown: boolean;
  #drawnAt = 0;

  constructor(stream: NodeJS.WriteStream = process.stderr) {
    this.#stream = stream;
    this.#isShown = stream.isTTY === true;
  }

  /** Draws the bar, at most ten times a second. `share` is from 0 to 1, or `undefined` where the end is not known. */
  show(label: string, share: number | undefined, requests: number): void {
    const now = performance.now();
    if (!this.#isShown || now - this.#drawnAt < INTERVAL_MS) return;
    this.#drawnAt = now;
    const done = Math.round(WIDTH * Math.min(1, share ?? 0));
    const bar = share === undefined ? '' : ` [${'#'.repeat(done)}${' '.repeat(WIDTH - done)}]`;
    const percent = share === undefined ? '' : ` ${Math.floor(100 * Math.min(1, share))} %`;
    const line = `${label}${bar}${percent} ${(requests / 1e6).toFixed(1)} M requests`;
    this.#stream.write(`\r\x1b[K${line.slice(0, Math.max(20, (this.#stream.columns || 80) - 1))}`);
  }

  /** Takes the bar away. */
  clear(): void {
    if (this.#isShown && this.#drawnAt > 0) this.#stream.write('\r\x1b[K');
    this.#drawnAt = 0;
  }
}
