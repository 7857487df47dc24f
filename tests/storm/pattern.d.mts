export function fill(bytes: Uint8Array, key: string, nonce: number): Uint8Array;
export function makeValue(shape: string, key: string, nonce: number, byteLength: number): unknown;
export function verify(value: unknown, key: string): number;
