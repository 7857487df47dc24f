import { Cast, Episode } from './episode.js';
import { Exploration } from './explore.js';
import { drawProgram, PROGRAMS } from './programs.js';
import { Random } from './random.js';
import { Broken } from './truth.js';
import { World } from './world.js';

const POLICIES = ['lru', 'gdsf', 'lfu', 'fifo', 'auto'];
/** Episodes of one world: each begins with what the one before has left of free lists and generations. */
const EPISODES = 500;

export interface Finding {
  seed: number;
  episode: number;
  error: Error;
  trace: string[];
}

interface Manner {
  episodes?: number;
  /** Told each schedule that was played to its end. */
  onSchedule?: (high: number, low: number) => void;
  /** Added to: how often the keeper has done what. */
  counts?: Map<string, number>;
  /** The episode to be traced. */
  traced?: number;
}

/** Plays a world of episodes. Gives what was found, if anything was. */
export async function playWorld(
  seed: number,
  { episodes = EPISODES, onSchedule, counts, traced }: Manner = {},
): Promise<Finding | undefined> {
  const dice = new Random(seed);
  const world = new World(POLICIES[seed % POLICIES.length]!, () => dice.next());
  const cast = new Cast(world);
  let at = 0;
  const trace: string[] = [];
  try {
    for (; at < episodes; at++) {
      if (at === traced) world.trace = trace;
      const episode = new Episode(cast, world, new Random(seed * 7919 + at));
      await episode.play();
      onSchedule?.(episode.high, episode.low);
    }
    return undefined;
  } catch (error) {
    return { seed, episode: at, error: error instanceof Error ? error : new Broken(String(error)), trace };
  } finally {
    world.end();
    for (const [what, count] of world.counts) counts?.set(what, (counts.get(what) ?? 0) + count);
  }
}

/** The same once more, with a trace of the episode in which it ended. */
export async function replay({ seed, episode }: { seed: number; episode: number }): Promise<Finding | undefined> {
  return playWorld(seed, { episodes: episode + 1, traced: episode });
}

interface Explored {
  schedules: number;
  /** Whether there are no others. */
  isAll: boolean;
  error?: Error;
  /** The choices that have led to the error. */
  taken?: readonly number[];
}

export const PROGRAM_NAMES = PROGRAMS.map(({ name }) => name);

/** All schedules of a program, up to `limit`; with a seed, so many that are drawn. */
export async function explore(
  index: number,
  limit: number,
  { seed, onSchedule }: Pick<Manner, 'onSchedule'> & { seed?: number } = {},
): Promise<Explored> {
  const program = PROGRAMS[index]!;
  const random = seed === undefined ? undefined : new Random(seed);
  return exploring(new Random(index + 1), 'lru', random, onSchedule, async (exploration) => {
    if (random === undefined) return exploration.run(program, limit);
    await exploration.draw(random, limit, () => program);
    return false;
  });
}

/** So many schedules of programs that are drawn themselves. */
export async function draw(
  seed: number,
  limit: number,
  { onSchedule }: Pick<Manner, 'onSchedule'> = {},
): Promise<Explored> {
  const random = new Random(seed);
  const policy = POLICIES[seed % POLICIES.length]!;
  return exploring(new Random(seed + 1), policy, random, onSchedule, async (exploration) => {
    await exploration.draw(random, limit, () => drawProgram(random));
    return false;
  });
}

async function exploring(
  dice: Random,
  policy: string,
  random: Random | undefined,
  onSchedule: Manner['onSchedule'],
  act: (exploration: Exploration) => Promise<boolean>,
): Promise<Explored> {
  const world = new World(policy, () => dice.next());
  const wires = Array.from({ length: 5 }, () => world.connect());
  const exploration = new Exploration(world, wires, random);
  exploration.onSchedule = onSchedule;
  try {
    const isAll = await act(exploration);
    return { schedules: exploration.schedules, isAll };
  } catch (error) {
    const { taken } = exploration.choices;
    const { schedules } = exploration;
    return { schedules, isAll: false, taken, error: error instanceof Error ? error : new Broken(String(error)) };
  } finally {
    world.end();
  }
}
