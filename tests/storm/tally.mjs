/**
 * Counts and signs of life of all actors, in shared memory: what a thread has written there stays when it is killed. An
 * actor has a row; whoever takes its place after its end goes on counting in it.
 */
export const COUNTS = [
  'reads',
  'misses',
  'leases',
  'writes',
  'refused',
  'removals',
  'loads',
  'failedLoads',
  'leads',
  'natives',
];

/** What a storm has not been without. */
export const NEEDED = ['reads', 'leases', 'writes', 'removals', 'loads', 'leads', 'natives'];

/** Chains of deeds that run beside one another in an actor. */
export const FLOWS = 3;
/** What a flow is at: the names of deeds, by their numbers here. 0 is nothing. */
const SIGNS = COUNTS.length;
const STALLED = SIGNS + FLOWS * 2;
const FAILED = STALLED + 1;
const ROW_DOUBLES = 32;

export function newTally(rows) {
  return new SharedArrayBuffer((rows * ROW_DOUBLES + 1) * 8);
}

const now = () => Number(process.hrtime.bigint() / 1000n) / 1000;

/** One actor's row. */
export class Tally {
  #row;

  constructor(buffer, index) {
    this.#row = new Float64Array(buffer, index * ROW_DOUBLES * 8, ROW_DOUBLES);
  }

  add(count) {
    this.#row[COUNTS.indexOf(count)] += 1;
  }

  get(count) {
    return this.#row[COUNTS.indexOf(count)];
  }

  begin(flow, deed) {
    this.#row[SIGNS + flow * 2 + 1] = now();
    this.#row[SIGNS + flow * 2] = deed + 1;
  }

  end(flow) {
    this.#row[SIGNS + flow * 2] = 0;
  }

  /** From here on the thread does nothing for others on purpose, until it is killed. */
  stall() {
    this.#row[STALLED] = 1;
  }

  fail() {
    this.#row[FAILED] = 1;
  }

  get hasFailed() {
    return this.#row[FAILED] === 1;
  }

  /** For the next one in this row. */
  restart() {
    this.#row.fill(0, SIGNS, STALLED + 1);
  }

  /** Deeds that have been going on for longer than `ms`, as numbers and ages in ms. */
  overdue(ms) {
    if (this.#row[STALLED] === 1) return [];
    const late = [];
    for (let flow = 0; flow < FLOWS; flow++) {
      const deed = this.#row[SIGNS + flow * 2];
      const age = now() - this.#row[SIGNS + flow * 2 + 1];
      if (deed !== 0 && age > ms) late.push({ deed: deed - 1, age });
    }
    return late;
  }
}
