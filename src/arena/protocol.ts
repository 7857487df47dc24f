/**
 * What threads and the keeper say to each other, over one MessagePort a thread. A port is reliable and ordered, tells
 * the other side when its thread is gone, and takes messages of any size; bytes of values never travel on it.
 */
import type { MessagePort, TransferListItem } from 'node:worker_threads';
import type { KeyPattern } from '../common/pattern.js';
import type { RemovalReason } from '../stats/event.js';
import type { Counts } from './counts.js';
import type { EntryTerms } from './lifetime.js';
import type { OsThread } from './os-thread.js';
import type { SnapshotRequest } from './snapshot-protocol.js';
import type { CommitRequest, ReserveManyRequest, StoreRequest, WrittenRecord } from './write-protocol.js';

/** The tag on every message of ours that others might see. */
export const TAG = 'cachalot';

/** Piscina's own names, for the pool that runs the loaders of a cache. */
export interface PoolConfig {
  /** It is a pool in the thread that creates the cache; nothing else is said of it. */
  own?: true;
  minThreads?: number;
  maxThreads?: number;
  idleTimeout?: number;
  maxQueue?: number | 'auto';
  resourceLimits?: {
    maxOldGenerationSizeMb?: number;
    maxYoungGenerationSizeMb?: number;
    codeRangeSizeMb?: number;
    stackSizeMb?: number;
  };
  execArgv?: string[];
  env?: Record<string, string>;
  argv?: string[];
  workerData?: unknown;
  niceIncrement?: number;
}

/** A cache as its creator described it, in numbers. */
export interface CacheConfig {
  name: string;
  /** A random number of the call that has created it: by it that is known again when it is repeated. */
  token?: number;
  /** The thread that has created it. */
  creator?: { row: number; thread: number };
  maxBytes: number;
  maxEntries: number;
  /** `undefined`: as `maxBytes`, and following it. */
  maxEntryBytes: number | undefined;
  /** Its name, or the URL of a user's module. */
  policy: string;
  /** Whether the creator has functions of the cost and the TTL. */
  functions?: { cost: boolean; ttl: boolean };
  /** What a miss costs where no number is given with the value. */
  cost: 'requests' | 'bytes' | 'balanced' | 'measured';
  ttlMs: number;
  /** Below 1 a share of the TTL, else ms. */
  ttlJitter?: number;
  /** A share of the TTL; `Infinity`: never. */
  refreshAhead?: number;
  idleMs: number;
  graceMs: number;
  /** Between two sweeps of the dead; absent: by need. `Infinity`: none. */
  sweepMs?: number;
  reserveTimeoutMs: number;
  loaders: Record<string, string>;
  defaultLoader: string | undefined;
  pool: PoolConfig;
}

/** What a thread needs to read a cache. */
export interface CacheTicket {
  cache: number;
  config: CacheConfig;
  table: SharedArrayBuffer;
  slots: number;
  seed: number;
  /** The requests of a sample of the keys. */
  requests: SharedArrayBuffer;
}

/** What an earlier keeper has left of a cache, and which of the entries are to stay. */
export interface InheritedTable {
  ticket: CacheTicket;
  keep: (slot: number) => boolean;
}

/** A value outside the arena: one shared buffer that holds it all, dropped by whoever drops it last. */
export interface LooseValue {
  buffer: SharedArrayBuffer;
  skeleton: { byteOffset: number; byteLength: number };
  parts: { byteOffset: number; byteLength: number }[];
}

/** How an ask for a key is answered. */
export type FlightAnswer =
  /** A slot, held for the asker until it says `unhold`. */
  | { kind: 'slot'; slot: number; number: number }
  /** A value that could not be, or must not be, kept. */
  | { kind: 'loose'; value: LooseValue }
  /** The asker is the leader now: it must settle the flight. */
  | { kind: 'claim'; flight: number }
  | { kind: 'skip' };

/** What is said with every ask for a key that is not there, or not fresh enough. */
export interface FlightRequest {
  cache: number;
  key: string;
  hash: number;
  /** Whether a fresh entry will not do. */
  force: boolean;
  /** A fresh entry older than this will not do, either; absent: however old. */
  olderThanMs?: number;
  hardTimeoutMs: number;
  /** How long a failure is remembered: for all, and for those who have a stale value. */
  negativeMs: number;
  backOffMs: number;
  /** The flight of the load that asks, or 0. */
  inside: number;
  /** Whether only the dead may go for the value. */
  spares?: boolean;
}

export interface LoadRequest extends FlightRequest {
  op: 'load';
  loader: string;
  input: unknown;
  terms: EntryTerms;
  retries: number;
  /** Which loads go first when threads are short. */
  priority?: number;
  /** What of the input is handed over. */
  transfer?: readonly TransferListItem[];
}

export interface ClaimRequest extends FlightRequest {
  op: 'claim';
  tags?: readonly string[];
}

/** A load, as a worker of the pool gets it. */
export interface LoaderTask {
  /** The keeper's thread, for the worker to connect to. */
  keeper: number;
  ticket: CacheTicket;
  flight: number;
  loader: string;
  url: string;
  key: string;
  hash: number;
  input: unknown;
  terms: EntryTerms;
  priority?: number;
  /** What of the input is handed over: it can be started once. */
  transfer?: readonly TransferListItem[];
}

/** What the thread with the pool of a cache is to do. */
export type LoaderOrder =
  | { do: 'run'; task: LoaderTask }
  | { do: 'stop'; flight: number }
  | { do: 'lend'; by: 1 | -1 }
  | { do: 'hasten'; flight: number }
  | { do: 'prefer'; flight: number; priority: number };

export type Request =
  | { op: 'create'; config: CacheConfig }
  | { op: 'attach'; name: string; timeoutMs: number }
  | { op: 'close'; cache: number }
  | { op: 'reserve'; cache: number; key: string; hash: number; wide: boolean; bytes: number; flight: number }
  | { op: 'extend'; reservation: number; bytes: number }
  | ReserveManyRequest
  | CommitRequest
  | StoreRequest
  | { op: 'commitMany'; records: WrittenRecord[] }
  /** Of a key, or, where it is empty, of the cache's transactions. Answered with its number when it has come. */
  | { op: 'turn'; cache: number; key: string; timeoutMs: number }
  /** Carries out a transaction: these writes and removals in one step. */
  | { op: 'finish'; cache: number; turn: number; records: WrittenRecord[]; keys: string[]; hashes: number[] }
  | { op: 'take'; cache: number; key: string; hash: number }
  | { op: 'sweeping'; cache: number; on: boolean }
  | { op: 'abort'; reservation: number }
  | { op: 'remove'; cache: number; keys: string[]; hashes: number[]; reason: RemovalReason }
  /** `path`: of a namespace, or nothing for all. */
  | { op: 'removeTagged'; cache: number; path: readonly string[]; tags: readonly string[] }
  | { op: 'removeMatching'; cache: number; path: readonly string[]; by: KeyPattern }
  /** Entries as they were seen, by their insertion numbers. */
  | { op: 'removeSeen'; cache: number; keys: string[]; hashes: number[]; numbers: number[] }
  | { op: 'clear'; cache: number; path?: readonly string[] }
  | { op: 'touch'; cache: number; key: string; hash: number; ttlMs: number }
  | { op: 'expire'; cache: number; key: string; hash: number }
  | { op: 'resize'; cache: number; maxBytes: number }
  | { op: 'sweep'; cache: number }
  | LoadRequest
  | ClaimRequest
  | { op: 'settle'; flight: number; answer: FlightAnswer; rejected: boolean }
  | { op: 'fail'; flight: number; error: WireError }
  /** `url` is undefined for a function, which only its own thread can call. */
  | { op: 'registerLoader'; cache: number; loader: string; url: string | undefined }
  | { op: 'subscribe'; cache: number; listening: boolean }
  | { op: 'snapshot'; request: SnapshotRequest }
  /** `seen`: the totals as the asker saw them after `epoch` resets. */
  | { op: 'resetStats'; cache: number; epoch: number; seen: Counts }
  | { op: 'validate' };

/** What a thread says without expecting an answer. */
export type Notice =
  | { op: 'unhold'; cache: number; slot: number }
  /** A caller no longer waits; `flight` is set when its thread leads the flight itself. */
  | { op: 'leave'; request: number; flight: number }
  /** What a function has said of an entry, if it is still the one of that birth. */
  | { op: 'amend'; cache: number; key: string; hash: number; bornAt: number; cost?: number; ttlMs?: number }
  | { op: 'endTurn'; turn: number }
  /** So many events were told to the listeners of a thread. */
  | { op: 'heard'; count: number }
  /** What a flight loads is to bear these tags. */
  | { op: 'tag'; flight: number; tags: readonly string[] }
  | { op: 'released' }
  /** A task of the thread's own pool is over; `error`, packed, if it has failed. */
  | { op: 'ran'; cache: number; flight: number; error?: unknown }
  /** The thread lives on and will not use its row any more. Nothing follows. */
  | { op: 'bye' };

export type ToKeeper = ({ id: number } & Request) | Notice;

/** What happened to an entry, for the listeners of a thread; `clear`: nothing was there to be cleared. */
export type CacheNews =
  | { type: 'removal'; key: string; size: number; reason: RemovalReason }
  | { type: 'set' | 'maxSizeExceeded'; key: string; size: number }
  | { type: 'load'; key: string; size: number; durationMs: number }
  | { type: 'loadError'; key: string; durationMs: number; error: WireError }
  | { type: 'clear'; key: string };

/** A thread is attached. */
export interface Welcome {
  op: 'welcome';
  version: number;
  row: number;
  control: SharedArrayBuffer;
  keeper: number;
  /** The number of the keeper among those of its arena. */
  epoch: number;
  /** All caches, those included that have been closed and whose last bytes are not free. */
  caches: CacheTicket[];
}

/** Asks for what a function of the receiver has to say of an entry. */
export interface AppraiseMessage {
  op: 'appraise';
  cache: number;
  key: string;
  bornAt: number;
  /** The load that the receiver has asked for, when it is its options that say it; else 0. */
  request: number;
  cost: boolean;
  ttl: boolean;
}

export type FromKeeper =
  | Welcome
  /** A cache has been created, or what all threads know of it has changed. */
  | { op: 'cache'; ticket: CacheTicket }
  /** The last bytes of a cache that was closed are free. */
  | { op: 'forget'; cache: number }
  | { op: 'segment'; segment: number; buffer: SharedArrayBuffer }
  | { op: 'answer'; id: number; result: unknown }
  /** `flight` is the load that has failed, where one has. */
  | { op: 'refuse'; id: number; error: WireError; flight?: number }
  | { op: 'news'; cache: number; news: CacheNews[]; lost: number }
  | AppraiseMessage
  /** Something of a cache has failed in the keeper; who does not listen is warned of it, or not. */
  | { op: 'fault'; cache: number; error: WireError; warns: boolean }
  | { op: 'closed'; cache: number }
  | { op: 'order'; cache: number; order: LoaderOrder }
  | { op: 'cancel'; flight: number };

/** An error of ours across threads, by its class. */
export interface WireError {
  code: string;
  message: string;
  key?: string;
  cause?: unknown;
}

/** Posted with a port, by `postMessageToThread`, to connect a thread to the keeper. */
export interface ConnectMessage {
  [TAG]: 'connect';
  version: number;
  port: MessagePort;
  /** Where the system tells. */
  osThread: OsThread | undefined;
  /** Of a thread that was attached to an earlier keeper. */
  rejoin?: Rejoin;
}

/** What a thread had under the keeper before. */
export interface Rejoin {
  arena: number;
  row: number;
  /** Reservations that it still writes into. */
  kept: number[];
  /** Caches of which it wants to hear. */
  listening: number[];
}
