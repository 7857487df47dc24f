export { ENTRY_OVERHEAD, estimateEntrySize, estimateSize } from './estimate.js';
