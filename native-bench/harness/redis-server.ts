/**
 * A Redis server of our own: on a Unix socket in a folder of its own, with no port and nothing on disk.
 */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const START_DEADLINE_MS = 10_000;

export interface RedisServer {
  socket: string;
  stop(): Promise<void>;
}

/** Starts the server and waits until its socket is there. It is stopped too when this process ends before `stop`. */
export async function startRedis(program: string): Promise<RedisServer> {
  const folder = await mkdtemp(join(tmpdir(), 'cachalot-bench-redis-'));
  const socket = join(folder, 'socket');
  const args = ['--port', '0', '--unixsocket', socket, '--save', '', '--appendonly', 'no', '--dir', folder];
  const server = spawn(program, args, { stdio: 'ignore' });
  const kill = (): void => {
    server.kill('SIGKILL');
  };
  const interrupted = (): void => process.exit(130);
  process.once('exit', kill).once('SIGINT', interrupted).once('SIGTERM', interrupted);
  for (let waited = 0; !existsSync(socket); waited += 20) {
    if (waited > START_DEADLINE_MS || server.exitCode !== null) throw new Error(`${program} did not open ${socket}`);
    await sleep(20);
  }
  return {
    socket,
    async stop() {
      process.off('exit', kill).off('SIGINT', interrupted).off('SIGTERM', interrupted);
      if (server.exitCode === null) {
        server.kill('SIGTERM');
        await once(server, 'exit');
      }
      await rm(folder, { recursive: true, force: true });
    },
  };
}
