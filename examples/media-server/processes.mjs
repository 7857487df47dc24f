// @ts-check
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Peer, processWire } from './peer.mjs';

const GRACE_MS = 5_000;

/** A process that the conductor starts and ends, and what it may be asked. */
export class Helper {
  #child;

  /**
   * @param {URL} url
   * @param {Record<string, string>} env in addition to our own
   * @param {Record<string, (body: any) => unknown>} [handlers]
   */
  constructor(url, env, handlers) {
    this.#child = fork(fileURLToPath(url), {
      env: { ...process.env, ...env },
      execArgv: [],
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    this.peer = new Peer(processWire(this.#child), handlers);
    this.ended = once(this.#child, 'exit').then(([code, signal]) => {
      const error = new Error(`${basename(url.pathname)} ended unexpectedly (${signal ?? `exit code ${code}`})`);
      this.peer.lost(error);
      return error;
    });
  }

  get pid() {
    return this.#child.pid;
  }

  async stop() {
    if (this.#child.connected) this.#child.disconnect();
    const patience = setTimeout(() => this.#child.kill('SIGKILL'), GRACE_MS);
    await this.ended;
    clearTimeout(patience);
  }
}

/** @type {Set<Helper>} */
const running = new Set();

/**
 * @param {URL} url
 * @param {Record<string, string>} env
 * @param {Record<string, (body: any) => unknown>} [handlers] what it may ask of us
 */
export function startHelper(url, env, handlers) {
  const helper = new Helper(url, env, handlers);
  running.add(helper);
  return helper;
}

/** @param {Helper} helper */
export async function stopHelper(helper) {
  running.delete(helper);
  await helper.stop();
}

export async function stopAllHelpers() {
  await Promise.all([...running].map(stopHelper));
}
