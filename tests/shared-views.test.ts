import { createCipheriv, createHash, createHmac, randomFillSync, subtle } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { open, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, brotliDecompressSync, gunzipSync, gzipSync } from 'node:zlib';
import sharp from 'sharp';
import { afterAll, describe, expect, it } from 'vitest';
import { tableRows } from './support/markdown.js';

// README.md promises which interfaces of Node take a view of shared memory, and which do not. What Node does changes
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

async function throughByteStream(): Promise<void> {
  const stream = new ReadableStream({
    type: 'bytes',
    start(controller) {
      controller.enqueue(view);
      controller.close();
    },
  });
  await new Response(stream).text();
}

async function throughCompression(): Promise<string> {
  const compression = new CompressionStream('gzip');
  const writer = compression.writable.getWriter();
  const written = writer.write(view).then(() => writer.close());
  const [bytes] = await Promise.all([new Response(compression.readable).arrayBuffer(), written]);
  return text(gunzipSync(new Uint8Array(bytes)));
}

/** By the first words of the table's rows. */
const CHECKS: Record<string, () => Promise<void>> = {
  '`fs`': async () => {
    const file = join(folder, 'view');
    await writeFile(file, view);
    expect(readFileSync(file, 'latin1')).toBe(TEXT);
    const target = new Uint8Array(new SharedArrayBuffer(64));
    const handle = await open(file);
    await handle.read(target, 0, 64);
    await handle.close();
    expect(text(target)).toBe(TEXT);
  },
  '`response.write`': async () => {
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
  '`zlib`': async () => {
    expect(text(gunzipSync(gzipSync(view)))).toBe(TEXT);
    expect(text(brotliDecompressSync(brotliCompressSync(view)))).toBe(TEXT);
  },
  '`crypto`': async () => {
    expect(createHash('sha256').update(view).digest('hex')).toBe(createHash('sha256').update(TEXT).digest('hex'));
    expect(createHmac('sha1', 'k').update(view).digest('hex')).toBe(createHmac('sha1', 'k').update(TEXT).digest('hex'));
    const cipher = () => createCipheriv('aes-128-ctr', Buffer.alloc(16), Buffer.alloc(16));
    expect(cipher().update(view)).toEqual(cipher().update(Buffer.from(TEXT)));
    expect(randomFillSync(new Uint8Array(new SharedArrayBuffer(64))).some((byte) => byte !== 0)).toBe(true);
  },
  '`TextDecoder`': async () => {
    expect(new TextDecoder().decode(view)).toBe(TEXT);
    expect(Buffer.from(view.buffer, view.byteOffset, view.byteLength).toString()).toBe(TEXT);
  },
  '`Blob`': async () => {
    expect(await new Blob([view]).text()).toBe(TEXT);
  },
  '`sharp': async () => {
    const pixels = await sharp(view, { raw: { width: 4, height: 4, channels: 4 } })
      .raw()
      .toBuffer();
    expect(text(pixels)).toBe(TEXT);
  },
  '`crypto.subtle`': async () => {
    await expect(async () => subtle.digest('SHA-256', view)).rejects.toThrow(TypeError);
  },
  '`new': async () => {
    const body = async () => new Response(view).text();
    if (major < 24) await expect(body).rejects.toThrow(TypeError);
    else expect(await body()).toMatch(/^65,65,/);
  },
  '`ReadableStream`': async () => {
    await expect(throughByteStream).rejects.toThrow(TypeError);
  },
  '`CompressionStream`': async () => {
    if (major < 24) expect(await throughCompression()).toBe(TEXT);
    else await expect(throughCompression).rejects.toThrow(TypeError);
  },
};

describe('what takes shared bytes, by README.md', () => {
  const page = readFileSync(fileURLToPath(new URL('../README.md', import.meta.url)), 'utf8');
  const rows = tableRows(page, 'What takes shared bytes', 'interface').map(([name]) => name!.split(/[\s:,(]/)[0]!);

  it('is checked row by row', () => {
    expect(rows).toEqual(Object.keys(CHECKS));
  });

  it.each(Object.entries(CHECKS))('%s', async (_, check) => check());
});
