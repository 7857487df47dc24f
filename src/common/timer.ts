/** The longest delay that the timers of Node take; a longer one fires at once, with a warning. */
const LONGEST_DELAY_MS = 2 ** 31 - 1;

interface DelayOptions {
  /** Whether the pending timer keeps the process alive. Default: true. */
  ref?: boolean;
}

/**
 * Calls `action` once after `delayMs`, however long that is: `Infinity` never fires, and what passes 2^31 - 1 ms
 * (24.8 days) is waited for in pieces. Gives back the function that calls it off.
 */
export function after(delayMs: number, action: () => void, { ref = true }: DelayOptions = {}): () => void {
  let timer: NodeJS.Timeout | undefined;
  const arm = (rest: number): void => {
    if (rest === Number.POSITIVE_INFINITY) return;
    const piece = Math.min(rest, LONGEST_DELAY_MS);
    timer = setTimeout(() => (rest > piece ? arm(rest - piece) : action()), piece);
    if (!ref) timer.unref();
  };
  arm(delayMs);
  return () => clearTimeout(timer);
}
