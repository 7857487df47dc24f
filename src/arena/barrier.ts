/**
 * # A barrier that is compiled into the code around it
 *
 * The only ordered accesses of JavaScript are those of `Atomics`. V8 makes a call of each, which looks at the array anew:
 * 20 to 40 ns, of which the processor needs a third. Those of WebAssembly are compiled to what they are. So here is one,
 * to a word of its own that nobody looks at: on x86 that is an exchange, and no load goes past it before all that was stored
 * is seen by everybody.
 */

/** `(module (memory 1) (func (export "f") i32.const 0 i32.const 0 i32.atomic.store))` */
const MODULE = [
  [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
  [0x01, 0x04, 0x01, 0x60, 0x00, 0x00],
  [0x03, 0x02, 0x01, 0x00],
  [0x05, 0x03, 0x01, 0x00, 0x01],
  [0x07, 0x05, 0x01, 0x01, 0x66, 0x00, 0x00],
  [0x0a, 0x0c, 0x01, 0x0a, 0x00, 0x41, 0x00, 0x41, 0x00, 0xfe, 0x17, 0x02, 0x00, 0x0b],
];

/** What is used of WebAssembly: the types of Node have none of it. */
interface Compiler {
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object) => { exports: { f: () => void } };
}

/** A full barrier of an x86 processor; `undefined` where WebAssembly, or address space for it, is not to be had. */
export function compiledBarrier(): (() => void) | undefined {
  const { WebAssembly: compiler } = globalThis as typeof globalThis & { WebAssembly?: Compiler };
  if (compiler === undefined) return undefined;
  try {
    return new compiler.Instance(new compiler.Module(Uint8Array.from(MODULE.flat()))).exports.f;
  } catch {
    return undefined;
  }
}
