/**
 * Values that prove themselves. Every binary part says, in its first words, which key it was written for, under which
 * number of its own, and how long it is; all words behind follow from these. So one byte of another value, an older one,
 * or of this one in another place, is found.
 */
const MAGIC = 0x63616368;
const HEADER_WORDS = 6;
const STEP = 0x9e3779b1;

/** The least bytes of a part. */
export const LEAST_BYTES = HEADER_WORDS * 4;

export class WrongBytes extends Error {}

function hashText(text) {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash | 0;
}

function header(key, nonce, byteLength) {
  const words = [MAGIC, hashText(key), nonce | 0, Math.floor(nonce / 2 ** 32) | 0, byteLength];
  const mixed = words.reduce((sum, word) => Math.imul(sum ^ word, 0x85ebca6b) ^ (sum >>> 13), 0x27d4eb2f);
  return [...words, mixed | 0];
}

/** Fills `bytes`, a multiple of 4 and aligned to 4, from word `from` on. */
export function fill(bytes, key, nonce, from = 0, to = bytes.byteLength / 4) {
  const words = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
  const head = header(key, nonce, bytes.byteLength);
  if (from === 0) words.set(head);
  let word = (head.at(-1) + Math.imul(Math.max(from, HEADER_WORDS), STEP)) | 0;
  for (let i = Math.max(from, HEADER_WORDS); i < to; i++) {
    words[i] = word;
    word = (word + STEP) | 0;
  }
  return bytes;
}

/** The number that `bytes` were written under. Throws WrongBytes unless all of them are what was written for `key`. */
function verifyPart(bytes, key) {
  if (!(bytes instanceof Uint8Array)) throw new WrongBytes(`expected bytes; got ${String(bytes)}`);
  const aligned = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice();
  const words = new Int32Array(aligned.buffer, aligned.byteOffset, aligned.byteLength / 4);
  const nonce = (words[2] >>> 0) + words[3] * 2 ** 32;
  const head = header(key, nonce, bytes.byteLength);
  for (let i = 0; i < HEADER_WORDS; i++) {
    if (words[i] !== head[i]) throw wrong(words, i, head[i], nonce, bytes);
  }
  let word = (head.at(-1) + Math.imul(HEADER_WORDS, STEP)) | 0;
  for (let i = HEADER_WORDS; i < words.length; i++) {
    if (words[i] !== word) throw wrong(words, i, word, nonce, bytes);
    word = (word + STEP) | 0;
  }
  return nonce;
}

function wrong(words, index, expected, nonce, { byteOffset, byteLength }) {
  const hex = (word) => (word >>> 0).toString(16).padStart(8, '0');
  const around = Array.from(words.subarray(Math.max(0, index - 2), index + 6), hex).join(' ');
  const head = Array.from(words.subarray(0, HEADER_WORDS), hex).join(' ');
  return new WrongBytes(
    `word ${index} of ${words.length}: expected ${hex(expected)}, got ${hex(words[index])} (around: ${around}; ` +
      `header: ${head}; number ${nonce}; ${byteLength} bytes at ${byteOffset})`,
  );
}

/** A value of about `byteLength` bytes for a key, in one of four shapes. */
export function makeValue(shape, key, nonce, byteLength) {
  const part = (name, bytes) => fill(new Uint8Array(Math.max(LEAST_BYTES, bytes)), name, nonce);
  switch (shape) {
    case 'image':
      return { key, nonce, width: byteLength, height: 1, pixels: part(key, byteLength) };
    case 'pair': {
      const half = Math.ceil(byteLength / 8) * 4;
      return { key, nonce, parts: [part(`${key}#0`, half), part(`${key}#1`, half)] };
    }
    case 'text':
      return { key, nonce, text: textOf(key, nonce, byteLength) };
    default:
      return part(key, byteLength);
  }
}

function textOf(key, nonce, length) {
  const word = `${key}/${nonce};`;
  return word.repeat(Math.ceil(length / word.length));
}

/** The number that a value was written under. Throws WrongBytes unless it is, to the last byte, what was written. */
export function verify(value, key) {
  if (value instanceof Uint8Array) return verifyPart(value, key);
  if (value?.key !== key) throw new WrongBytes(`expected the value of ${key}; got one of ${value?.key}`);
  const numbers = [value.nonce];
  if (value.pixels !== undefined) numbers.push(verifyPart(value.pixels, key));
  for (const [i, part] of (value.parts ?? []).entries()) numbers.push(verifyPart(part, `${key}#${i}`));
  if (value.text !== undefined && value.text !== textOf(key, value.nonce, value.text.length - 1)) {
    throw new WrongBytes(`text of ${value.text.length} characters, number ${value.nonce}: ${value.text.slice(0, 80)}`);
  }
  if (new Set(numbers).size > 1) throw new WrongBytes(`parts of several values: ${numbers.join(', ')}`);
  return value.nonce;
}
