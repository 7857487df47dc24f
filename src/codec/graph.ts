import v8 from 'node:v8';
import { CacheSerializationError } from '../common/error.js';
import { findBuffers } from './buffers.js';
import { corrupt, FORMAT_VERSION, HEADER_BYTES, Kind, NODE_MAJOR, readUint32, writeUint32 } from './format.js';
import { binaryKindOf, isBinary, type PartReader, type PartWriter } from './part.js';
import { everyObject, refusePlatform } from './platform.js';
import { bytesOfWindows, type Window, writeWindows } from './window.js';

/**
 * Any structured-cloneable value, by V8's own serializer: identity, cycles, holes, -0, Map, Set, Date, RegExp, Error
 * come back as they were. Views are kept out of its stream as host objects. Buffers are kept out as transfers, of which
 * V8 must be told beforehand, so they are looked for first; those in the far corners of a graph too large to search are
 * written inline, which costs a copy and nothing else.
 */

// In V8's stream a shared buffer is 'u' and its id, a transferred one 't' and its id. It refuses to read the first kind
// without the embedder's help, so shared buffers are turned into transfers; the id is random to be found again.
const SHARED_TAG = 0x75;
const TRANSFER_TAG = 0x74;
const ENTRY_BYTES = 8;
/** What V8 writes for an object without properties, and for whatever keeps them out of its reach. */
const EMPTY_OBJECT = Buffer.of(0x6f, 0x7b, 0);

// The default classes have views written as host objects; what is written for one is replaced here.
class GraphSerializer extends v8.DefaultSerializer {
  /** Shared buffers met, by their id in the stream. */
  readonly shared = new Map<number, SharedArrayBuffer>();

  constructor(private readonly parts: PartWriter) {
    super();
  }

  _writeHostObject(object: unknown): void {
    if (!isBinary(object)) throw new CacheSerializationError('an object of native code cannot be stored');
    this.writeUint32(binaryKindOf(object));
    this.writeUint32(this.parts.add(object));
  }

  _getSharedArrayBufferId(buffer: SharedArrayBuffer): number {
    let id: number;
    do id = 0x8000_0000 + Math.floor(Math.random() * 0x7fff_ffff);
    while (this.shared.has(id));
    this.shared.set(id, buffer);
    return id;
  }
}

/** The skeleton of any value. Throws what V8 throws when something inside cannot be cloned. */
export function encodeGraph(value: unknown, parts: PartWriter): Uint8Array {
  const serializer = new GraphSerializer(parts);
  const references = new Map<number, number>();
  const { buffers, isAll } = findBuffers(value);
  for (const buffer of buffers) {
    const reference = parts.add(buffer);
    if (reference === 0) continue;
    serializer.transferArrayBuffer(reference, buffer);
    references.set(reference, reference);
  }
  serializer.writeHeader();
  serializer.writeValue(value);
  const stream = serializer.releaseBuffer();
  if (!isAll && stream.includes(EMPTY_OBJECT)) everyObject(value, refusePlatform);
  for (const [id, buffer] of serializer.shared) {
    retag(stream, id);
    references.set(id, parts.add(buffer));
  }
  return assemble(references, stream, parts.join());
}

/** Turns the shared buffer with this id into a transferred one. */
function retag(stream: Buffer, id: number): void {
  const pattern = [SHARED_TAG];
  for (let rest = id; ; rest = Math.floor(rest / 128)) {
    pattern.push(rest < 128 ? rest : (rest % 128) + 128);
    if (rest < 128) break;
  }
  const bytes = Buffer.from(pattern);
  const at = stream.indexOf(bytes);
  if (at < 0 || stream.indexOf(bytes, at + 1) >= 0) {
    throw new CacheSerializationError('a SharedArrayBuffer could not be stored here; store a view of it');
  }
  stream[at] = TRANSFER_TAG;
}

function assemble(
  references: ReadonlyMap<number, number>,
  stream: Buffer,
  windows: readonly Window[] | undefined,
): Uint8Array {
  const start = HEADER_BYTES + (windows ? bytesOfWindows(windows) : 0);
  const skeleton = new Uint8Array(start + 4 + references.size * ENTRY_BYTES + stream.byteLength);
  skeleton[0] = FORMAT_VERSION;
  skeleton[1] = windows ? Kind.WINDOWS : Kind.GRAPH;
  skeleton[2] = NODE_MAJOR;
  if (windows) writeWindows(skeleton, HEADER_BYTES, windows);
  writeUint32(skeleton, start, references.size);
  let offset = start + 4;
  for (const [id, reference] of references) {
    writeUint32(skeleton, offset, id);
    writeUint32(skeleton, offset + 4, reference);
    offset += ENTRY_BYTES;
  }
  skeleton.set(stream, offset);
  return skeleton;
}

class GraphDeserializer extends v8.DefaultDeserializer {
  constructor(
    private readonly stream: Uint8Array,
    private readonly parts: PartReader,
  ) {
    super(stream);
  }

  _readHostObject(): unknown {
    const kind = this.readUint32();
    return this.parts.binary(kind, this.readUint32());
  }

  /** How far it has read: an empty read tells. */
  position(): number {
    return this.readRawBytes(0).byteOffset - this.stream.byteOffset;
  }
}

/** What begins at `from`, with its table of buffers. */
export function decodeGraph(skeleton: Uint8Array, parts: PartReader, from = HEADER_BYTES): unknown {
  const table = from + 4;
  const start = table + readUint32(skeleton, from) * ENTRY_BYTES;
  if (start > skeleton.byteLength) throw corrupt('its table of buffers ends too early');
  const stream = skeleton.subarray(start);
  const deserializer = new GraphDeserializer(stream, parts);
  for (let offset = table; offset < start; offset += ENTRY_BYTES) {
    const buffer = parts.buffer(readUint32(skeleton, offset + 4));
    deserializer.transferArrayBuffer(readUint32(skeleton, offset), buffer);
  }
  deserializer.readHeader();
  const value: unknown = deserializer.readValue();
  if (deserializer.position() !== stream.byteLength) throw corrupt('something follows its end');
  return value;
}
