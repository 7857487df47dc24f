/**
 * Asking the thread that has the value: one question at a time, answered with a structured clone of the bytes, or with
 * a shared buffer that both sides then see.
 */

import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { byteOf, type Connected, type ReadInput, type Transport } from './transport.js';

type Answer = Uint8Array;

function answers({ keys, bytes }: ReadInput, mode: string): Answer[] {
  return Array.from({ length: keys }, (_, id) => {
    const buffer = mode === 'handle' ? new SharedArrayBuffer(bytes) : new ArrayBuffer(bytes);
    return new Uint8Array(buffer).fill(byteOf(id));
  });
}

export const postMessage: Transport = {
  async serve(input) {
    const stored = new Map<string, Answer[]>(input.modes.map((mode) => [mode, answers(input, mode)]));
    const ports: MessagePort[] = [];
    return {
      forThread() {
        const { port1, port2 } = new MessageChannel();
        port1.on('message', ({ mode, id }: { mode: string; id: number }) => port1.postMessage(stored.get(mode)![id]));
        ports.push(port1);
        return { data: port2, ports: [port2] };
      },
      async close() {
        for (const port of ports) port.close();
      },
    };
  },
  async connect(_input, mode, data): Promise<Connected> {
    const port = data as MessagePort;
    let settle: (byte: number) => void;
    port.on('message', (answer: Answer) => settle(answer[0]!));
    const read = (id: number): Promise<number> =>
      new Promise((resolve) => {
        settle = resolve;
        port.postMessage({ mode, id });
      });
    return { read: { kind: 'async', read }, close: async () => port.close() };
  },
};
