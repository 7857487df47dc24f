/** What a cache would do with another budget, estimated. Frozen. */
export interface Advice {
  /** That budget as a multiple of the present one: ½, 1, 2, 4. */
  readonly factor: number;
  /** That budget in bytes. */
  readonly maxBytes: number;
  /** `hits / gets`; at factor 1 that of the snapshot. */
  readonly hitRate: number;
  /** As in the snapshot, which it is at factor 1. */
  readonly byteHitRate: number;
}
