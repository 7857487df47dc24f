export const KINDS: Record<string, (index: number) => unknown>;
