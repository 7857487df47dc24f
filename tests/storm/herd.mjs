import { Worker } from 'node:worker_threads';
import { CAST, STEADY } from './stage.mjs';
import { Tally } from './tally.mjs';

const KINDS = { terminate: 74, exit: 8, throw: 8, memory: 3, leave: 7 };
/** These hear nothing while they are at it, or must be seen to: only `terminate` ends them. */
const DEAF = ['spinner', 'sleeper', 'pipe', 'parent'];
/** How long actors live: the roots of the most ms, and how often. */
const LIVES = { 6: 70, 20: 30 };

/** Actors in their rows: each that ends is replaced by another one, until it is enough. */
export class Herd {
  /** Ends so far, by kind. */
  kills = {};
  rows;
  #random;
  #data;
  #pipe;
  #onFailure;
  #living = new Map();
  #nextSelf = 100;
  #isOver = false;

  /** `data` is what all actors are told; `pipe` may be undefined, where the system has none. */
  constructor({ threads, random, data, pipe, onFailure }) {
    this.#random = random;
    this.#data = data;
    this.#pipe = pipe;
    this.#onFailure = onFailure;
    this.rows = Array.from({ length: threads }, (_, index) => new Tally(data.tallies, index));
  }

  start() {
    for (let index = 0; index < this.rows.length; index++) this.#cast(index);
  }

  get killed() {
    return Object.values(this.kills).reduce((sum, count) => sum + count, 0);
  }

  /** Ends all who are left. Resolves when they are gone. */
  async end() {
    this.#isOver = true;
    const gone = [...this.#living.values()].map(({ worker, role }) => {
      const exit = new Promise((resolve) => worker.once('exit', resolve));
      this.#terminate(worker, role);
      return exit;
    });
    await Promise.all(gone);
  }

  /** What has not been heard of for so long: lines for people. */
  overdue(ms, deeds) {
    const now = performance.now();
    const lines = [];
    for (const [index, { role, self, kind, endsAt }] of this.#living) {
      const lateMs = Math.round(now - endsAt);
      if (lateMs > ms) lines.push(`actor ${self} (${role}) was to end ${lateMs} ms ago, by ${kind}`);
      for (const { deed, age } of this.rows[index].overdue(ms)) {
        lines.push(`actor ${self} (${role}): '${deeds[deed]}' has been going on for ${Math.round(age)} ms`);
      }
    }
    return lines;
  }

  #cast(index) {
    const isSteady = index < STEADY.length;
    const role = isSteady ? STEADY[index] : this.#role();
    const kind = isSteady ? 'none' : DEAF.includes(role) ? 'terminate' : this.#random.pick(KINDS);
    // Some are ended before they have begun.
    const isEarly = this.#random.chance(0.15);
    // Most die young: what makes a storm slow is the start of threads, and what those do that live.
    const afterMs = isEarly ? this.#random.between(0, 80) : this.#random.between(0, this.#random.pick(LIVES)) ** 2;
    const self = this.#nextSelf++;
    const worker = new Worker(new URL('./actor.worker.mjs', import.meta.url), {
      name: `${role} ${self}`,
      resourceLimits: kind === 'memory' ? { maxOldGenerationSizeMb: 48 } : {},
      workerData: { ...this.#data, index, self, role, end: { kind, afterMs } },
    });
    this.rows[index].restart();
    const life = { worker, role, self, kind, endsAt: Number.POSITIVE_INFINITY };
    this.#living.set(index, life);
    const end = () => {
      if (this.#living.get(index) !== life || life.endsAt !== Number.POSITIVE_INFINITY) return;
      life.endsAt = performance.now();
      if (kind === 'terminate') this.#terminate(worker, role);
    };
    if (isEarly && !isSteady) setTimeout(end, afterMs);
    worker.on('message', (message) => {
      if (message === 'reading') end();
      else if (!isSteady && role !== 'pipe') setTimeout(end, afterMs);
    });
    worker.on('error', (error) => this.#check(kind, role, error));
    worker.on('exit', () => {
      this.#living.delete(index);
      if (this.#isOver) return;
      if (isSteady) this.#onFailure(`actor ${self} (${role}), which was to stay, has ended`);
      const name = isEarly ? `${kind} early` : kind === 'terminate' ? `terminate ${role}` : kind;
      this.kills[name] = (this.kills[name] ?? 0) + 1;
      this.#cast(index);
    });
  }

  #role() {
    const hasPiper = [...this.#living.values()].some(({ role }) => role === 'pipe');
    return this.#random.pick({ ...CAST, pipe: this.#pipe === undefined || hasPiper ? 0 : CAST.pipe });
  }

  #terminate(worker, role) {
    void worker.terminate();
    // What the dead one has asked the system to read comes when nobody thinks of it any more.
    if (role === 'pipe') setTimeout(() => this.#pipe.pour(), this.#random.between(0, 400));
  }

  #check(kind, role, error) {
    const expected =
      (kind === 'throw' && error.message === 'an actor was told to throw') ||
      (kind === 'memory' && error.code === 'ERR_WORKER_OUT_OF_MEMORY');
    if (!expected) this.#onFailure(`an actor (${role}, ${kind}) has failed: ${error.stack ?? error}`);
  }
}
