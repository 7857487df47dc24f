export { type DecodedView, decodeValue, decodeView } from './decode.js';
export { type EncodedValue, encodeValue } from './encode.js';
export type { DecodeMode, PartSource } from './part.js';
