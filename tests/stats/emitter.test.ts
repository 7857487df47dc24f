import { describe, expect, it, vi } from 'vitest';
import { Emitter } from '../../src/stats/emitter.js';

interface Events {
  ping: { n: number };
  error: { error: unknown };
}

const make = (onChange?: () => void) =>
  new Emitter<Events>(['ping', 'error'], { ...(onChange && { onChange }), name: 'it' });

describe('Emitter', () => {
  it('knows whether anybody listens', () => {
    const onChange = vi.fn();
    const emitter = make(onChange);
    const a = vi.fn();
    const b = vi.fn();
    expect(emitter.heard.ping).toBe(false);
    emitter.on('ping', a);
    emitter.on('ping', b);
    expect([emitter.heard.ping, onChange.mock.calls.length]).toEqual([true, 1]);
    emitter.off('ping', a);
    emitter.off('ping', () => undefined);
    expect(emitter.heard.ping).toBe(true);
    emitter.off('ping', b);
    expect([emitter.heard.ping, onChange.mock.calls.length]).toEqual([false, 2]);
  });

  it('tells in order those who listened when it began', () => {
    const emitter = make();
    const told: string[] = [];
    emitter.on('ping', () => {
      told.push('a');
      emitter.on('ping', () => told.push('late'));
    });
    emitter.on('ping', ({ n }) => told.push(`b${n}`), true);
    emitter.emit('ping', { n: 1 });
    expect(told.splice(0)).toEqual(['a', 'b1']);
    emitter.emit('ping', { n: 2 });
    expect(told).toEqual(['a', 'late']);
  });

  it('once is once, also when its listener emits again', () => {
    const emitter = make();
    const listener = vi.fn(({ n }: { n: number }) => emitter.emit('ping', { n: n + 1 }));
    emitter.on('ping', listener, true);
    emitter.emit('ping', { n: 1 });
    expect(listener).toHaveBeenCalledTimes(1);
  });

  it('turns what a listener throws or rejects with into an error', async () => {
    const emitter = make();
    const errors: unknown[] = [];
    emitter.on('error', ({ error }) => errors.push(error));
    emitter.on('ping', () => {
      throw 'thrown';
    });
    emitter.on('ping', () => Promise.reject('rejected'));
    const last = vi.fn();
    emitter.on('ping', last);
    emitter.emit('ping', { n: 1 });
    await Promise.resolve();
    expect(errors).toEqual(['thrown', 'rejected']);
    expect(last).toHaveBeenCalledTimes(1);
  });

  it('a listener of error that fails ends there', () => {
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    const emitter = make();
    emitter.on('error', () => {
      throw new Error('again');
    });
    emitter.emit('error', { error: 1 });
    expect(warn).toHaveBeenCalledTimes(1);
    warn.mockRestore();
  });

  it('clear forgets all', () => {
    const emitter = make();
    const listener = vi.fn();
    emitter.on('ping', listener);
    emitter.clear();
    emitter.emit('ping', { n: 1 });
    expect([listener.mock.calls.length, emitter.heard.ping]).toEqual([0, false]);
  });
});
