export { checkValue } from './check.js';
export { decodeValue, decodeView, isPlainBytes, PLAIN_BYTES_LENGTH } from './decode.js';
export { findLost, findUncloneable } from './diagnose.js';
export { type EncodedValue, encodeValue } from './encode.js';
export { isForeign } from './format.js';
export type { PartSource } from './part.js';
