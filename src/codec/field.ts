import { HEADER_BYTES } from './format.js';

/** The kinds of a field; the payload follows. */
export const Tag = {
  UNDEFINED: 0,
  NULL: 1,
  FALSE: 2,
  TRUE: 3,
  /** int32 */
  INT32: 4,
  /** float64 */
  DOUBLE: 5,
  /** uint32 length; its characters are the next in the text */
  STRING: 6,
  /** uint8 view kind, uint32 reference to a part */
  BINARY: 7,
} as const;

/** After the header: where the values start, and where the text. Then the lengths of the names. */
export const FIELDS_START = HEADER_BYTES + 8;
