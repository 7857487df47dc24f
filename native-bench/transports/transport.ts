/**
 * A way for a thread to read values that another thread has stored. One module a way: `serve` runs in the main thread
 * of the measured process and stores the values; `connect` runs in each reading thread and answers how to read one.
 */

import type { MessagePort } from 'node:worker_threads';
import type { Window } from '../harness/timing.js';

export interface ReadInput {
  transport: string;
  /** What is measured, one after another, each in threads of its own. */
  modes: string[];
  keys: number;
  bytes: number;
  /** 0: each key as likely as the other; else Zipf's exponent. */
  exponent: number;
  threads: number[];
  window: Window;
  seed: number;
  product: string;
  /** Every so many operations one is a write; without it all are reads. */
  writeEvery?: number;
  /** Redis's Unix socket, where there is one. */
  socket?: string;
}

/** Reads the value with this number and returns its first byte. */
export type Read = { kind: 'sync'; read(id: number): number } | { kind: 'async'; read(id: number): Promise<number> };

export interface Served {
  /** What one reading thread is given; a port in it has to be named to be moved. */
  forThread(): { data: unknown; ports?: MessagePort[] };
  close(): Promise<void>;
}

/** Writes the value with this number anew, the same bytes as before. */
export type Write = { kind: 'sync'; write(id: number): void } | { kind: 'async'; write(id: number): Promise<void> };

export interface Connected {
  read: Read;
  /** Where it can be done. */
  write?: Write;
  close(): Promise<void>;
}

export interface Transport {
  serve(input: ReadInput): Promise<Served>;
  connect(input: ReadInput, mode: string, data: unknown): Promise<Connected>;
}

const FIRST_ID = 1_000_000;

/** The key of a value, built anew: equal to any other built for it, and not yet hashed. */
export function keyOf(id: number): string {
  return `user:${FIRST_ID + id}`;
}

/** All keys, as strings that exist and will have been hashed before. */
export function knownKeys(count: number): string[] {
  return Array.from({ length: count }, (_, id) => keyOf(id));
}

/** What every byte of a value is: readers check it. */
export function byteOf(id: number): number {
  return (id * 7 + 1) & 255;
}

/** All values one after another in one shared buffer, every page of it touched. */
export function sharedValues({ keys, bytes }: ReadInput): SharedArrayBuffer {
  const buffer = new SharedArrayBuffer(keys * bytes);
  const view = new Uint8Array(buffer);
  for (let id = 0; id < keys; id++) view.fill(byteOf(id), id * bytes, (id + 1) * bytes);
  return buffer;
}

/** What is written as a value: made once, and left alone, since a write may read it for as long as it takes. */
export function sourcesOf(bytes: number): (id: number) => Uint8Array {
  const made: (Uint8Array | undefined)[] = [];
  return (id) => (made[byteOf(id)] ??= new Uint8Array(bytes).fill(byteOf(id)));
}

export async function nothingToClose(): Promise<void> {}
