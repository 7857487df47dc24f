export { checkValue } from './check.js';
export { decodeValue, decodeView } from './decode.js';
export { findLost, findUncloneable } from './diagnose.js';
export { type EncodedValue, encodeValue } from './encode.js';
export { isForeign } from './format.js';
export type { PartSource } from './part.js';
