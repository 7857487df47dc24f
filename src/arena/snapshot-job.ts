import type { ArenaClient } from './client.js';
import type { SnapshotPlace } from './snapshot-place.js';
import type { Restored } from './snapshot-protocol.js';
import { restoreArena } from './snapshot-restore.js';
import { saveArena } from './snapshot-save.js';

/** What a thread of its own is started for. */
export interface SnapshotJob extends SnapshotPlace {
  keeper: number;
  /** As the keeper has begun it; none for a save. */
  restoration?: Restored;
}

/** Saves, or restores; how many entries. */
export function runSnapshotJob(
  client: ArenaClient,
  { ticket, path, within, restoration }: SnapshotJob,
): Promise<number> {
  const place = { ticket, path, within };
  return restoration ? restoreArena(client, place, restoration) : saveArena(client, place);
}
