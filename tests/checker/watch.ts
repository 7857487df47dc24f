import type { BlockNode } from '../../src/arena/allocator.js';
import { SLOT_F64, SLOT_WORDS } from '../../src/arena/layout.js';
import { promise } from './truth.js';
import { BYTES, type World } from './world.js';

/** Has the truth told of what the keeper does, and each of its accesses without order told to who schedules. */
export function watch(world: World): void {
  const { cache, truth, keeper } = world;
  const { store, table } = cache;
  const { allocator } = keeper.arena;
  const words = (slot: number, field: number, count = 1) => {
    const at = table.slotWords + slot * SLOT_WORDS + field;
    world.pass(true, at, at + count);
  };
  wrap(store, 'fill', (fill) => (...of: Parameters<typeof store.fill>) => {
    const slot = fill(...of);
    truth.filled(slot);
    truth.limited(slot, table.double(slot, SLOT_F64.freshUntil));
    return slot;
  });
  wrap(keeper.arena.segments, 'unitView', (unitView) => (...of) => {
    // What comes along is written in one go.
    world.pass(true, BYTES, BYTES + 1);
    return unitView(...of);
  });
  wrap(store, 'enter', (enter) => (slot, old, entry) => {
    truth.entered(slot, entry.key);
    enter(slot, old, entry);
  });
  wrap(store, 'retire', (retire) => (slot, isReplaced) => {
    truth.left(slot, isReplaced === true);
    retire(slot, isReplaced);
  });
  wrap(store, 'move', (move) => (slot, ...to) => {
    const copy = move(slot, ...to);
    truth.moved(slot, copy);
    return copy;
  });
  wrap(table, 'setInt', (setInt) => (slot, field, value) => {
    words(slot, field);
    setInt(slot, field, value);
  });
  wrap(table, 'setDouble', (setDouble) => (slot, field, value) => {
    words(slot, 2 * field, 2);
    if (field === SLOT_F64.freshUntil) truth.limited(slot, value);
    setDouble(slot, field, value);
  });
  wrap(table, 'copySlot', (copySlot) => (from, to) => {
    words(to, 1, SLOT_WORDS - 1);
    copySlot(from, to);
  });
  wrap(allocator, 'free', (free) => (node: BlockNode) => {
    if (world.poisons) {
      world.pass(true, BYTES, BYTES + 1);
      keeper.arena.bytes(node).fill(0xee);
      truth.verify();
    }
    free(node);
  });
  wrap(cache, 'publishUnkeyed', (publish) => (...entry) => {
    truth.isUnkeyed = true;
    const slot = publish(...entry);
    truth.isUnkeyed = false;
    return slot;
  });
  wrap(cache, 'remove', (remove) => (slot, reason) => {
    world.count(`removed: ${reason}`);
    if (reason === 'evict') truth.evicted(slot, world.began);
    remove(slot, reason);
  });
  wrap(keeper.arena.rows, 'remove', (remove) => (row) => {
    for (const wire of world.wires.filter((wire) => wire.row === row && wire.state !== 'forgotten')) {
      promise(wire.state === 'mourned', 'no row is wiped before its thread is proven dead');
      wire.state = 'forgotten';
    }
    remove(row);
  });
  let count = 0;
  wrap(keeper.reservations, 'open', (open) => (of, bytes, answer) => {
    truth.reservations.set(++count, { key: of.key, flight: of.flight, isOutdone: false });
    truth.reserved(count);
    open(of, bytes, answer);
  });
  wrap(keeper.reservations, 'takeNow', (takeNow) => (...of) => {
    const node = takeNow(...of);
    if (node < 0) return node;
    const key = truth.storing[0]!.version.key;
    truth.reservations.set(++count, { key, flight: 0, isOutdone: false });
    truth.reserved(count);
    truth.entering = truth.writing.get(count);
    world.count('stored at once');
    return node;
  });
  wrap(keeper.reservations, 'settle', (settle) => (reservation, record) => {
    truth.entering = truth.writing.get(reservation.id);
    return settle(reservation, record);
  });
  wrap(keeper.flights, 'start', (start) => (...of) => {
    const flight = start(...of);
    truth.flights.set(flight.id, { key: flight.key, flight: 0, isOutdone: false });
    return flight;
  });
}

/** Stands in front of a method of one object. */
function wrap<T extends object, N extends keyof T>(object: T, name: N, around: (method: T[N]) => T[N]): void {
  const method = object[name];
  if (typeof method !== 'function') return;
  object[name] = around(method.bind(object) as T[N]);
}
