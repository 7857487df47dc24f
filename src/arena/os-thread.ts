import { readFileSync } from 'node:fs';

/** A thread as the system knows it: its number, and when it was started, since numbers come again. */
export interface OsThread {
  id: string;
  startedAt: string;
}

/** This thread; `undefined` where the system does not say: only Linux does. */
export function osThread(): OsThread | undefined {
  return read('/proc/thread-self/stat');
}

/** Whether a thread of this process has ended, and with it every native call that it had begun. */
export function hasEnded({ id, startedAt }: OsThread): boolean {
  return read(`/proc/self/task/${id}/stat`)?.startedAt !== startedAt;
}

// proc(5): the number, the name in parentheses, and behind it the other fields, of which the 22nd of all is the start.
function read(path: string): OsThread | undefined {
  let stat: string;
  try {
    stat = readFileSync(path, 'latin1');
  } catch {
    return undefined;
  }
  const id = stat.slice(0, stat.indexOf(' '));
  const startedAt = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  return startedAt === undefined ? undefined : { id, startedAt };
}
