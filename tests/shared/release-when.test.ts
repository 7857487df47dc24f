import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { createServer, get, type IncomingMessage, type ServerResponse } from 'node:http';
import { connect as connectHttp2, createServer as createHttp2Server, type Http2ServerResponse } from 'node:http2';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, pipeline, Readable, Transform, Writable } from 'node:stream';
import { createGzip, gunzipSync } from 'node:zlib';
import { CacheConfigError, type Lease, type SharedCache } from 'cachalot';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { create, sleep, until } from './support/threads.js';

const BYTES = 300_000;
const folder = mkdtempSync(join(tmpdir(), 'cachalot-leases-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let cache: SharedCache<Uint8Array>;
beforeEach(async () => {
  cache = await create<Uint8Array>();
  await cache.set('k', new Uint8Array(BYTES).fill(7));
});

/** A lease that counts how often it is released. */
function taken(): { lease: Lease<Uint8Array>; releases: () => number } {
  const lease = cache.acquire('k')!;
  let releases = 0;
  const release = lease.release.bind(lease);
  lease.release = () => {
    if (!lease.isReleased) releases++;
    release();
  };
  return { lease, releases: () => releases };
}

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

async function serve(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<number> {
  const server = createServer(answer).listen(0);
  closers.push(() => {
    server.closeAllConnections();
    server.close();
  });
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

async function download(port: number): Promise<Buffer> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    get({ port, agent: false }, resolve).on('error', reject);
  });
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

describe('a lease that is released with a response', () => {
  it('is held until all is sent', async () => {
    const { lease, releases } = taken();
    let before = -1;
    const port = await serve((_, response) => {
      response.end(lease.releaseWhen(response).value);
      before = releases();
    });
    const body = await download(port);
    expect(body.equals(Buffer.alloc(BYTES, 7))).toBe(true);
    await until(() => lease.isReleased);
    expect([before, releases()]).toEqual([0, 1]);
  });

  it('is held while the client reads slowly, and released when it goes away', async () => {
    const { lease, releases } = taken();
    const big = new Uint8Array(64 << 20);
    const port = await serve((_, response) => {
      response.write(big);
      response.end(lease.releaseWhen(response).value);
    });
    const socket = connect(port).on('error', () => {});
    socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
    await once(socket, 'readable');
    await sleep(50);
    expect(releases()).toBe(0);
    socket.destroy();
    await until(() => lease.isReleased);
    expect(releases()).toBe(1);
  });

  it('is released at once when the response was over before', async () => {
    const ends = [
      (response: ServerResponse) => response.end('x'),
      (response: ServerResponse) => response.destroy(),
      (response: ServerResponse) => response.destroy(new Error('no more')),
    ];
    for (const end of ends) {
      const { lease, releases } = taken();
      const gone = new Promise<void>((resolve) => {
        void serve((_, response) => {
          response.on('error', () => {});
          response.once('close', () => setImmediate(() => resolve(lease.releaseWhen(response) && undefined)));
          end(response);
        }).then((port) => download(port).catch(() => undefined));
      });
      await gone;
      await until(() => lease.isReleased);
      expect(releases()).toBe(1);
    }
  });

  it('is released when the response is destroyed', async () => {
    const { lease, releases } = taken();
    const port = await serve((_, response) => {
      response.write(lease.releaseWhen(response).value);
      response.destroy();
    });
    await expect(download(port)).rejects.toThrow();
    await until(() => lease.isReleased);
    expect(releases()).toBe(1);
  });

  it('outlives the error of a write that came too late', async () => {
    const { lease, releases } = taken();
    const seen: [string, number][] = [];
    const big = new Uint8Array(64 << 20);
    let response: ServerResponse | undefined;
    const port = await serve((_, theirs) => {
      response = theirs;
      theirs.on('error', (error) => seen.push([error.name, releases()]));
      theirs.write(big);
      theirs.end(lease.releaseWhen(theirs).value);
      theirs.write('x');
    });
    const socket = connect(port).on('error', () => {});
    socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
    await until(() => seen.length > 0);
    await sleep(20);
    expect([seen, response!.writableFinished, releases()]).toEqual([[['Error', 0]], false, 0]);
    socket.destroy();
    await until(() => lease.isReleased);
  });

  it('of HTTP/2: sent, broken off, or over before', async () => {
    const leases = [taken(), taken(), taken()];
    let count = 0;
    const server = createHttp2Server((_, response: Http2ServerResponse) => {
      const number = count++;
      const { lease } = leases[number]!;
      if (number === 0) response.end(lease.releaseWhen(response).value);
      else if (number === 1) {
        response.write(lease.releaseWhen(response).value);
        response.stream.destroy();
      } else {
        response.once('close', () => setImmediate(() => lease.releaseWhen(response)));
        response.end();
      }
    }).listen(0);
    await once(server, 'listening');
    const client = connectHttp2(`http://localhost:${(server.address() as AddressInfo).port}`);
    closers.push(
      () => client.destroy(),
      () => server.close(),
    );
    for (let number = 0; number < 3; number++) {
      const stream = client.request().on('error', () => {});
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.end();
      await once(stream, 'close');
      if (number === 0) expect(Buffer.concat(chunks).byteLength).toBe(BYTES);
    }
    for (const { lease, releases } of leases) {
      await until(() => lease.isReleased);
      expect(releases()).toBe(1);
    }
  });
});

describe('a lease that is released with a stream', () => {
  it('is held until a file is written', async () => {
    const { lease, releases } = taken();
    const stream = createWriteStream(join(folder, 'file'));
    stream.end(lease.releaseWhen(stream).value);
    expect(releases()).toBe(0);
    await once(stream, 'close');
    expect(releases()).toBe(1);
    expect(readFileSync(join(folder, 'file')).equals(Buffer.alloc(BYTES, 7))).toBe(true);
  });

  it('is held until it is compressed', async () => {
    const { lease, releases } = taken();
    const gzip = createGzip();
    gzip.end(lease.releaseWhen(gzip).value);
    const chunks: Buffer[] = [];
    for await (const chunk of gzip) chunks.push(chunk as Buffer);
    expect(gunzipSync(Buffer.concat(chunks)).equals(Buffer.alloc(BYTES, 7))).toBe(true);
    expect(releases()).toBe(1);
  });

  const failing = () =>
    new Writable({
      write(_chunk, _encoding, done) {
        done(new Error('the disk is full'));
      },
    });

  it('is released when it fails, is destroyed, or is told neither to close nor to say so', async () => {
    const streams: [string, Writable, (stream: Writable) => void][] = [
      ['fails', failing(), (stream) => stream.end('x')],
      ['is destroyed', new PassThrough(), (stream) => stream.destroy()],
      ['is destroyed with an error', new PassThrough(), (stream) => stream.destroy(new Error('no'))],
      [
        'stays open after errors',
        new Writable({ autoDestroy: false, write: (_c, _e, done) => done(new Error('no')) }),
        (s) => s.write('x'),
      ],
      ['stays open at its end', new Writable({ autoDestroy: false, write: (_c, _e, done) => done() }), (s) => s.end()],
      [
        'never says that it closes',
        new Writable({ emitClose: false, write: (_c, _e, done) => done() }),
        (s) => s.end(),
      ],
      [
        'fails without a word of its closing',
        new Writable({ emitClose: false, write: (_c, _e, done) => done(new Error('no')) }),
        (s) => s.write('x'),
      ],
      ['ended before', new PassThrough().end().resume(), () => {}],
      ['failed before', new PassThrough().on('error', () => {}).destroy(new Error('no')), () => {}],
      [
        'a transform that fails',
        new Transform({ transform: (_c, _e, done) => done(new Error('no')) }),
        (s) => s.write('x'),
      ],
    ];
    await sleep(5);
    for (const [what, stream, act] of streams) {
      const { lease, releases } = taken();
      stream.on('error', () => {});
      expect(lease.releaseWhen(stream)).toBe(lease);
      act(stream);
      await until(() => lease.isReleased, `released: ${what}`);
      await sleep(2);
      expect([what, releases(), stream.listenerCount('close'), stream.listenerCount('finish')]).toEqual([
        what,
        1,
        0,
        0,
      ]);
    }
  });

  it('is released when the pipeline that it is written through breaks', async () => {
    const { lease, releases } = taken();
    const sink = failing();
    pipeline(Readable.from([lease.value]), sink, () => {});
    lease.releaseWhen(sink);
    await until(() => lease.isReleased);
    expect(releases()).toBe(1);
  });

  it('leaves errors that nobody listens for what they are', () => {
    const program = `
      import { Writable } from 'node:stream';
      import { SharedCache } from 'cachalot';
      const cache = await SharedCache.create({ name: 'a', maxBytes: '1MiB' });
      await cache.set('k', new Uint8Array(10));
      const stream = new Writable({ write: (chunk, encoding, done) => done(new Error('the disk is full')) });
      stream.end(cache.acquire('k').releaseWhen(stream).value);`;
    const run = () =>
      execFileSync(process.execPath, ['--input-type=module', '-e', program], { stdio: 'pipe', timeout: 20_000 });
    expect(run).toThrow(/the disk is full/);
  });
});

describe('a lease that is released with a promise', () => {
  it('is held until it is settled, and hands its result on', async () => {
    const { lease, releases } = taken();
    const file = join(folder, 'promised');
    const written = lease.releaseWhen(writeFile(file, lease.value).then(() => 'written'));
    expect(releases()).toBe(0);
    expect(await written).toBe('written');
    expect(releases()).toBe(1);
    expect(readFileSync(file).byteLength).toBe(BYTES);
  });

  it('is released when it fails, and hands the error on', async () => {
    const { lease, releases } = taken();
    await expect(lease.releaseWhen(writeFile(folder, lease.value))).rejects.toThrow(/EISDIR/);
    expect(releases()).toBe(1);
  });
});

describe('a lease', () => {
  it.each([[undefined], [null], [1], ['stream'], [{}], [new EventTarget()], [{ on() {}, off() {} }]])(
    'is not released with %o',
    (what) => {
      const { lease, releases } = taken();
      expect(() => lease.releaseWhen(what as never)).toThrow(CacheConfigError);
      expect(() => lease.releaseWhen(what as never)).toThrow(/expected a stream, a response or a promise; got /);
      expect(releases()).toBe(0);
      lease.release();
    },
  );

  it('that was released before waits for nothing', async () => {
    const { lease, releases } = taken();
    lease.release();
    const stream = new PassThrough();
    lease.releaseWhen(stream);
    stream.destroy();
    await once(stream, 'close');
    expect(await lease.releaseWhen(Promise.resolve(1))).toBe(1);
    expect(releases()).toBe(1);
  });

  it('of a value that was not kept is released as any other', async () => {
    await cache.registerLoader('big', () => new Uint8Array(2 << 20));
    const lease = (await cache.acquireOrLoad('big', 1))!;
    expect(lease.isReleased).toBe(false);
    expect(lease.value.byteLength).toBe(2 << 20);
    lease.release();
    expect(lease.isReleased).toBe(true);
  });
});
