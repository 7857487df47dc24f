// @ts-check
// One serving thread: HTTP in, thumbnails out.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { parentPort, workerData } from 'node:worker_threads';
import { parseRendition, RequestError } from './image-request.mjs';
import { openImages } from './images.mjs';
import { LoopDelay } from './loop-delay.mjs';
import { renderPage } from './page.mjs';
import { Peer, threadWire } from './peer.mjs';

/** @type {{ photos: import('./photos.mjs').Photo[], mode: import('./images.mjs').Mode }} */
const { photos, mode } = workerData;
const photoByName = new Map(photos.map((photo) => [photo.name, photo]));
const images = await openImages(mode);
const delay = new LoopDelay();
let port = 0;
let requests = 0;
let failures = 0;
/** @type {number[]} */
let ports = [];

/**
 * @typedef {object} Answer
 * @property {string} type
 * @property {string | Uint8Array} body
 */

/**
 * @param {string} target
 * @returns {Promise<Answer>}
 */
async function answer(target) {
  const url = new URL(target, 'http://server');
  if (url.pathname === '/') return { type: 'text/html; charset=utf-8', body: renderPage(photos, ports) };
  if (url.pathname === '/stats') return json(await main.ask('report'));
  const [, name] = /^\/image\/([^/]+)$/.exec(url.pathname) ?? [];
  const photo = name === undefined ? undefined : photoByName.get(decode(name));
  if (!photo) throw new RequestError(404, `nothing at ${url.pathname}; there are /, /stats and /image/:name`);
  const rendition = parseRendition(url.searchParams);
  return { type: `image/${rendition.format}`, body: await images.render(photo.path, rendition) };
}

/** @param {string} part of a path */
function decode(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    throw new RequestError(400, `"${part}" is not a well-formed part of an address`);
  }
}

/** @param {unknown} value @returns {Answer} */
const json = (value) => ({ type: 'application/json', body: `${JSON.stringify(value, null, 2)}\n` });

/**
 * @param {import('node:http').IncomingMessage} request
 * @param {import('node:http').ServerResponse} response
 */
async function serve(request, response) {
  requests++;
  let status = 200;
  /** @type {Answer} */
  let reply;
  try {
    if (request.method !== 'GET' && request.method !== 'HEAD') throw new RequestError(405, 'only GET and HEAD');
    reply = await answer(request.url ?? '/');
  } catch (error) {
    failures++;
    status = error instanceof RequestError ? error.status : 500;
    reply = json({ error: error instanceof Error ? error.message : String(error) });
  }
  // Browsers are not to cache: this server is for seeing what it does.
  response.writeHead(status, {
    'content-type': reply.type,
    'content-length': Buffer.byteLength(reply.body),
    'cache-control': 'no-store',
  });
  response.end(request.method === 'HEAD' ? undefined : reply.body);
}

/**
 * @param {number} wanted 0 = any
 * @returns {Promise<number>} the port in use
 */
async function listen(wanted) {
  const server = createServer((request, response) => void serve(request, response));
  server.listen(wanted, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  port = address !== null && typeof address === 'object' ? address.port : wanted;
  return port;
}

if (parentPort === null) throw new Error('server.worker.mjs is started by server.mjs');
const main = new Peer(threadWire(parentPort), {
  listen,
  ports: (all) => {
    ports = all;
  },
  report: ({ reset }) => {
    const report = { port, requests, failures, loop: delay.report() };
    if (reset) delay.reset();
    return report;
  },
});
