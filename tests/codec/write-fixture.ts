// Writes what this version of Node makes of the samples, for others to read: tests/codec/fixtures/node-NN.json.
//   node --import tsx tests/codec/write-fixture.ts
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { encodeValue } from '../../src/codec/index.js';
import { samples } from './samples.js';

const base64 = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');

const written = Object.entries(samples()).map(([name, value]) => {
  const { skeleton, parts } = encodeValue(value);
  return [name, base64(skeleton), ...parts.map(base64)];
});
mkdirSync(new URL('./fixtures/', import.meta.url), { recursive: true });
const file = new URL(`./fixtures/node-${Number.parseInt(process.versions.node, 10)}.json`, import.meta.url);
writeFileSync(file, `[\n${written.map((entry) => `  ${JSON.stringify(entry)}`).join(',\n')}\n]\n`);
console.log(fileURLToPath(file));
