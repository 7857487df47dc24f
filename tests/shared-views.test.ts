import {
  createCipheriv,
  createHash,
  createHmac,
  generateKeyPairSync,
  getRandomValues,
  randomFillSync,
  sign,
  subtle,
  timingSafeEqual,
  verify,
} from 'node:crypto';
import { createSocket } from 'node:dgram';
import { createWriteStream, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { open, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { finished } from 'node:stream/promises';
import { StringDecoder } from 'node:string_decoder';
import { fileURLToPath } from 'node:url';
import { deserialize, serialize } from 'node:v8';
import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads';
import { brotliCompressSync, brotliDecompressSync, crc32, gunzipSync, gzipSync } from 'node:zlib';
import sharp from 'sharp';
import { afterAll, describe, expect, it } from 'vitest';
import { tableRows } from './support/markdown.js';

// docs/leases.md promises which interfaces of Node take a view of shared memory, and which do not. What Node does changes
// from one major to the next; here it is asked.

const TEXT = 'A'.repeat(64);
const view = new Uint8Array(new SharedArrayBuffer(4096), 64, 64).fill(65);
const folder = mkdtempSync(join(tmpdir(), 'cachalot-views-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const major = Number(process.versions.node.split('.')[0]);
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');

/** Sends what `send` writes through a real socket, and gives back what has arrived. */
async function overHttp(send: (write: (bytes: Uint8Array) => void) => void): Promise<string> {
  const server = createServer((_request, response) => {
    send((bytes) => response.write(bytes));
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, resolve));
  try {
    return await (await fetch(`http://localhost:${(server.address() as AddressInfo).port}`)).text();
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

function streamOf(type?: 'bytes'): ReadableStream<Uint8Array> {
  const start = (controller: { enqueue(chunk: Uint8Array): void; close(): void }): void => {
    controller.enqueue(view);
    controller.close();
  };
  return type ? new ReadableStream({ type, start }) : new ReadableStream({ start });
}

async function overUdp(): Promise<string> {
  const [here, there] = [createSocket('udp4'), createSocket('udp4')];
  try {
    await new Promise<void>((resolve) => there.bind(0, '127.0.0.1', resolve));
    const arrived = new Promise<Buffer>((resolve) => there.once('message', resolve));
    here.send(view, there.address().port, '127.0.0.1');
    return text(await arrived);
  } finally {
    here.close();
    there.close();
  }
}

async function through(stream: { writable: WritableStream; readable: ReadableStream }): Promise<unknown[]> {
  const writer = stream.writable.getWriter();
  const written = writer.write(view).then(() => writer.close());
  const chunks: unknown[] = [];
  const reader = stream.readable.getReader();
  const read = async (): Promise<void> => {
    for (let next = await reader.read(); !next.done; next = await reader.read()) chunks.push(next.value);
  };
  await Promise.all([written, read()]);
  return chunks;
}

const compressed = async (): Promise<string> => {
  const chunks = await through(new CompressionStream('gzip'));
  return text(gunzipSync(Buffer.concat(chunks as Uint8Array[])));
};

const isShared = (bytes: Uint8Array): boolean => bytes.buffer instanceof SharedArrayBuffer;

/** By what the rows of the table begin with, in its order. */
const CHECKS: Record<string, () => Promise<void>> = {
  'fs.write': async () => {
    const file = join(folder, 'view');
    await writeFile(file, view);
    expect(readFileSync(file, 'latin1')).toBe(TEXT);
    const handle = await open(file, 'w+');
    await handle.write(view, 0, 64, 0);
    await handle.writev([view, view], 64);
    const target = new Uint8Array(new SharedArrayBuffer(192));
    await handle.read(target, 0, 192, 0);
    await handle.close();
    expect(text(target)).toBe(TEXT.repeat(3));
    await finished(createWriteStream(file).end(view));
    expect(readFileSync(file, 'latin1')).toBe(TEXT);
  },
  'response.write': async () => {
    expect(await overHttp((write) => write(view))).toBe(TEXT);
    const chunks: Uint8Array[] = [];
    const stream = new Writable({
      write(chunk, _encoding, done) {
        chunks.push(chunk);
        done();
      },
    });
    stream.write(view);
    expect(text(chunks[0]!)).toBe(TEXT);
  },
  dgram: async () => expect(await overUdp()).toBe(TEXT),
  'Readable.from': async () => {
    expect(text(await buffer(Readable.from([view])))).toBe(TEXT);
    const readable = new Readable({ read() {} });
    readable.push(view);
    readable.push(null);
    expect(text(await buffer(readable))).toBe(TEXT);
  },
  zlib: async () => {
    expect(text(gunzipSync(gzipSync(view)))).toBe(TEXT);
    expect(text(brotliDecompressSync(brotliCompressSync(view)))).toBe(TEXT);
    expect(crc32(view)).toBe(crc32(TEXT));
  },
  crypto: async () => {
    expect(createHash('sha256').update(view).digest('hex')).toBe(createHash('sha256').update(TEXT).digest('hex'));
    expect(createHmac('sha1', 'k').update(view).digest('hex')).toBe(createHmac('sha1', 'k').update(TEXT).digest('hex'));
    const cipher = () => createCipheriv('aes-128-ctr', Buffer.alloc(16), Buffer.alloc(16));
    expect(cipher().update(view)).toEqual(cipher().update(Buffer.from(TEXT)));
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    expect(verify(null, Buffer.from(TEXT), publicKey, sign(null, view, privateKey))).toBe(true);
    expect(verify(null, view, publicKey, sign(null, Buffer.from(TEXT), privateKey))).toBe(true);
    expect(timingSafeEqual(view, Buffer.from(TEXT))).toBe(true);
    for (const fill of [randomFillSync, getRandomValues]) {
      expect(fill(new Uint8Array(new SharedArrayBuffer(64))).some((byte) => byte !== 0)).toBe(true);
    }
  },
  TextDecoder: async () => {
    expect(new TextDecoder().decode(view)).toBe(TEXT);
    expect((await through(new TextDecoderStream())).join('')).toBe(TEXT);
    expect(new StringDecoder('utf8').write(Buffer.from(view.buffer, view.byteOffset, view.byteLength))).toBe(TEXT);
    const target = new Uint8Array(new SharedArrayBuffer(3));
    new TextEncoder().encodeInto('abc', target);
    expect(text(target)).toBe('abc');
  },
  'Buffer.from(view.buffer, view.byteOffset, view.byteLength)': async () => {
    const same = Buffer.from(view.buffer, view.byteOffset, view.byteLength);
    expect(same.buffer).toBe(view.buffer);
    expect([same.toString(), same.indexOf('AA'), same.equals(Buffer.from(TEXT))]).toEqual([TEXT, 0, true]);
  },
  'Buffer.from(view)': async () => {
    for (const copy of [Buffer.from(view), Buffer.concat([view]), new Uint8Array(view), view.slice()]) {
      expect([text(copy), isShared(copy)]).toEqual([TEXT, false]);
    }
  },
  Blob: async () => {
    expect(await new Blob([view]).text()).toBe(TEXT);
    expect(await new File([view], 'name').text()).toBe(TEXT);
    const form = new FormData();
    form.set('file', new Blob([view]));
    expect(await new Response(form).text()).toContain(TEXT);
  },
  'v8.serialize': async () => {
    const back: Uint8Array = deserialize(serialize(view));
    expect([text(back), isShared(back)]).toEqual([TEXT, false]);
  },
  structuredClone: async () => {
    const { port1, port2 } = new MessageChannel();
    port1.postMessage(view);
    const posted: Uint8Array = receiveMessageOnPort(port2)?.message;
    port1.close();
    for (const back of [structuredClone(view), posted]) {
      back[0] = 66;
      const seen = view[0];
      back[0] = 65;
      expect(seen).toBe(66);
    }
  },
  'postMessage with': async () => {
    const { port1 } = new MessageChannel();
    const transferList = [view.buffer] as unknown[];
    expect(() => port1.postMessage(view, transferList as ArrayBuffer[])).toThrow();
    port1.close();
  },
  sharp: async () => {
    const pixels = await sharp(view, { raw: { width: 4, height: 4, channels: 4 } })
      .raw()
      .toBuffer();
    expect(text(pixels)).toBe(TEXT);
  },
  'ReadableStream without': async () => {
    const { value } = await streamOf().getReader().read();
    expect(value).toBe(view);
    expect(await new Response(streamOf()).text()).toBe(TEXT);
  },
  'ReadableStream of': async () => {
    await expect(async () => new Response(streamOf('bytes')).text()).rejects.toThrow(TypeError);
  },
  CompressionStream: async () => {
    if (major < 24) expect(await compressed()).toBe(TEXT);
    else await expect(compressed).rejects.toThrow(TypeError);
  },
  'crypto.subtle': async () => {
    await expect(async () => subtle.digest('SHA-256', view)).rejects.toThrow(TypeError);
    const key = await subtle.importKey('raw', new Uint8Array(16), { name: 'HMAC', hash: 'SHA-1' }, false, ['sign']);
    await expect(async () => subtle.sign('HMAC', key, view)).rejects.toThrow(TypeError);
  },
  'new Response': async () => {
    const bodies = [
      async () => new Response(view).text(),
      async () => new Request('http://localhost', { method: 'POST', body: view }).text(),
    ];
    for (const body of bodies) {
      if (major < 24) await expect(body).rejects.toThrow(TypeError);
      else expect(await body()).toMatch(/^65,65,/);
    }
    expect(await new Response(new Blob([view])).text()).toBe(TEXT);
  },
};

describe('what takes shared bytes, by docs/leases.md', () => {
  const page = readFileSync(fileURLToPath(new URL('../docs/leases.md', import.meta.url)), 'utf8');
  const rows = tableRows(page, 'What takes shared bytes', 'interface').map(([cell]) => cell!.replaceAll('`', ''));

  it('is checked row by row', () => {
    const names = Object.keys(CHECKS);
    expect(rows.map((row, index) => row.slice(0, names[index]?.length))).toEqual(names);
  });

  it.each(Object.entries(CHECKS))('%s', async (_, check) => check());
});
