/** Writes to standard output, and waits for a slow reader. */
export function print(text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(text.endsWith('\n') ? text : `${text}\n`, (error) => (error ? reject(error) : resolve()));
  });
}

/** A remark for people, beside the results. */
export function remark(text: string): void {
  process.stderr.write(`${text}\n`);
}
