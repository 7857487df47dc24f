/**
 * Redis over a Unix socket, by its own client, one command at a time a thread.
 */

import { loadPeer } from '../harness/in-child.js';
import { byteOf, type Connected, knownKeys, type ReadInput, type Transport } from './transport.js';

interface Client {
  connect(): Promise<unknown>;
  on(event: 'error', listener: (error: Error) => void): unknown;
  set(key: string, value: Buffer): Promise<unknown>;
  get(key: string): Promise<Buffer | null>;
  flushAll(): Promise<unknown>;
  withTypeMapping(mapping: Record<number, unknown>): Client;
  destroy(): void;
}

interface RedisModule {
  createClient(options: { RESP: 2; socket: { path: string; tls: false } }): Client;
  RESP_TYPES: { BLOB_STRING: number };
}

interface Connection {
  client: Client;
  /** The same connection, answering with buffers. */
  binary: Client;
}

async function connectTo({ socket }: ReadInput): Promise<Connection> {
  if (socket === undefined) throw new TypeError('redis: expected the path of a socket, got undefined');
  const { createClient, RESP_TYPES } = await loadPeer<RedisModule>('@redis/client');
  const client = createClient({ RESP: 2, socket: { path: socket, tls: false } });
  client.on('error', (error) => {
    throw error;
  });
  await client.connect();
  return { client, binary: client.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer }) };
}

export const redis: Transport = {
  async serve(input) {
    const { client } = await connectTo(input);
    await client.flushAll();
    for (const [id, key] of knownKeys(input.keys).entries()) {
      await client.set(key, Buffer.alloc(input.bytes, byteOf(id)));
    }
    return {
      forThread: () => ({ data: undefined }),
      async close() {
        await client.flushAll();
        client.destroy();
      },
    };
  },
  async connect(input): Promise<Connected> {
    const { client, binary } = await connectTo(input);
    const known = knownKeys(input.keys);
    const read = async (id: number): Promise<number> => (await binary.get(known[id]!))![0]!;
    return { read: { kind: 'async', read }, close: async () => client.destroy() };
  },
};
