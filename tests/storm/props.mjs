import { spawnSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fill } from './pattern.mjs';
import { FILES, fileKey } from './stage.mjs';

const POURED_BYTES = 65_536;

/** A folder with the pattern files and the pipe; `remove` ends it. */
export function makeProps() {
  const folder = mkdtempSync(join(tmpdir(), 'cachalot-storm-'));
  const files = FILES.map((byteLength, index) => {
    const file = join(folder, `file-${index}`);
    writeFileSync(file, fill(new Uint8Array(byteLength), fileKey(index), index));
    return file;
  });
  const pipe = makePipe(join(folder, 'pipe'));
  return {
    files,
    pipe,
    remove() {
      pipe?.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A named pipe, or `undefined` where there is no such thing. */
function makePipe(path) {
  if (spawnSync('mkfifo', [path]).status !== 0) return undefined;
  const descriptor = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  const junk = new Uint8Array(POURED_BYTES).fill(0xee);
  let isClosed = false;
  return {
    path,
    /** Lets one read of the other end come to its end. */
    pour() {
      // A death of the last moments.
      if (isClosed) return;
      try {
        writeSync(descriptor, junk);
      } catch (error) {
        // It is full: whoever reads finds something already.
        if (error.code !== 'EAGAIN') throw error;
      }
    },
    close() {
      isClosed = true;
      closeSync(descriptor);
    },
  };
}
