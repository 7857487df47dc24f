// @ts-check
// The load driver, a process of its own: what it costs is not charged to the server.
import { createHash } from 'node:crypto';
import { Agent, get } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { Peer, processWire } from './peer.mjs';
import { percentile, seededRandom, shuffled, zipf } from './random.mjs';

/**
 * @typedef {object} LoadPlan
 * @property {number[]} ports one per serving thread
 * @property {string[]} names of the images
 * @property {number[]} widths
 * @property {number} exponent of Zipf's law
 * @property {number} seed
 * @property {number} connections kept busy at all times
 * @property {boolean} eachOnce whether to ask for each image once before
 * @property {number} warmUpSeconds
 * @property {number} seconds measured
 *
 * @typedef {object} LoadReport
 * @property {number} requests
 * @property {number} requestsPerSecond
 * @property {number} p50 milliseconds
 * @property {number} p99 milliseconds
 * @property {number} cpuSeconds of the driver itself
 * @property {number} failures answers other than 200
 * @property {number} wrong answers that differ from an earlier one to the same request
 * @property {string | undefined} firstFailure
 */

/**
 * @param {LoadPlan} plan
 * @returns {Promise<LoadReport>}
 */
async function drive(plan) {
  const random = seededRandom(plan.seed);
  const names = shuffled(plan.names, random);
  const draw = zipf(names.length, plan.exponent, random);
  const width = () => plan.widths[Math.floor(random() * plan.widths.length)];
  const next = () => `/image/${encodeURIComponent(names[draw()])}?w=${width()}`;
  const client = new Client(plan);

  const all = names.map((name) => `/image/${encodeURIComponent(name)}?w=${width()}`);
  if (plan.eachOnce) await client.run('each once', () => all.pop(), { count: all.length });
  await client.run('warming up', next, { seconds: plan.warmUpSeconds });
  await conductor.ask('measure');
  const cpu = process.cpuUsage();
  const latencies = await client.run('measuring', next, { seconds: plan.seconds });
  client.close();
  const { user, system } = process.cpuUsage(cpu);

  const sorted = Float64Array.from(latencies).sort();
  return {
    requests: sorted.length,
    requestsPerSecond: sorted.length / client.elapsedSeconds,
    p50: percentile(sorted, 0.5),
    p99: percentile(sorted, 0.99),
    cpuSeconds: (user + system) / 1e6,
    failures: client.failures,
    wrong: client.wrong,
    firstFailure: client.firstFailure,
  };
}

/** So many connections, each asking for the next image as soon as it has got the last one. */
class Client {
  failures = 0;
  wrong = 0;
  elapsedSeconds = 0;
  /** @type {string | undefined} */
  firstFailure;
  #agent = new Agent({ keepAlive: true });
  /** @type {Map<string, string>} request → digest of its first answer */
  #digests = new Map();
  #plan;

  /** @param {LoadPlan} plan */
  constructor(plan) {
    this.#plan = plan;
  }

  /**
   * @param {string} phase for the progress line
   * @param {() => string | undefined} next what to ask for; `undefined` ends the run
   * @param {{ seconds?: number, count?: number }} length of the run, by whichever is reached first
   * @returns {Promise<number[]>} milliseconds of each request
   */
  async run(phase, next, { seconds = Number.POSITIVE_INFINITY, count = Number.POSITIVE_INFINITY }) {
    /** @type {number[]} */
    const latencies = [];
    const start = performance.now();
    const elapsed = () => (performance.now() - start) / 1000;
    const progress = setInterval(() => {
      const share = Math.max(elapsed() / seconds, latencies.length / count);
      conductor.tell('progress', { phase, requests: latencies.length, elapsed: elapsed(), share });
    }, 100);
    const connection = async (/** @type {number} */ port) => {
      while (elapsed() < seconds) {
        const path = next();
        if (path === undefined) return;
        const asked = performance.now();
        await this.#request(port, path);
        latencies.push(performance.now() - asked);
      }
    };
    const { ports, connections } = this.#plan;
    await Promise.all(Array.from({ length: connections }, (_, i) => connection(ports[i % ports.length])));
    clearInterval(progress);
    this.elapsedSeconds = elapsed();
    return latencies;
  }

  /**
   * @param {number} port
   * @param {string} path
   */
  async #request(port, path) {
    try {
      const { status, body } = await this.#fetch(port, path);
      if (status !== 200) throw new Error(`${status} ${body.toString()}`);
      this.#verify(path, body);
    } catch (error) {
      this.failures++;
      this.firstFailure ??= `${path}: ${error instanceof Error ? error.message : error}`;
      // A server that is down fails at once: do not spin.
      await sleep(50);
    }
  }

  /**
   * The same request must get the same bytes, whichever thread answers and however the pixels came about.
   *
   * @param {string} path
   * @param {Buffer} body
   */
  #verify(path, body) {
    const digest = createHash('sha1').update(body).digest('base64');
    const first = this.#digests.get(path);
    if (first === undefined) this.#digests.set(path, digest);
    else if (first !== digest) this.wrong++;
  }

  /**
   * @param {number} port
   * @param {string} path
   * @returns {Promise<{ status: number, body: Buffer }>}
   */
  #fetch(port, path) {
    return new Promise((resolve, reject) => {
      const request = get({ host: '127.0.0.1', port, path, agent: this.#agent }, (response) => {
        /** @type {Buffer[]} */
        const chunks = [];
        response.on('data', (chunk) => chunks.push(chunk));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks) }));
        response.on('error', reject);
      });
      request.on('error', reject);
    });
  }

  close() {
    this.#agent.destroy();
  }
}

if (process.send === undefined) {
  console.error('This process is started by main.mjs: npm run demo');
  process.exit(2);
}
const conductor = new Peer(processWire(process), { drive });
process.on('SIGINT', () => undefined);
process.on('disconnect', () => process.exit(0));
