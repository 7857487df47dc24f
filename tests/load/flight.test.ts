import { describe, expect, it } from 'vitest';
import { Flights } from '../../src/load/flight.js';
import { waitFor } from '../../src/load/wait.js';
import { Failures } from '../../src/struct/failures.js';

const PATIENT = {
  timeout: Number.POSITIVE_INFINITY,
  hardTimeout: Number.POSITIVE_INFINITY,
  signal: undefined,
  stale: () => undefined,
  onDeserted: () => undefined,
};

describe('Flights', () => {
  it('lets go of what has ended, well or badly', async () => {
    const flights = new Flights<string, number>();
    const good = flights.start('a', async () => 1);
    const bad = flights.start('b', () => Promise.reject(new Error('no')));
    expect([flights.size, flights.get('a')]).toEqual([2, good]);
    expect(await good.promise).toBe(1);
    await expect(bad.promise).rejects.toThrow('no');
    expect([flights.size, good.isSettled, bad.isSettled]).toEqual([0, true, true]);
  });

  it('a detached flight ends without harm to the one that followed it', async () => {
    const flights = new Flights<string, number>();
    const first = flights.start('a', async () => 1);
    flights.detach('a');
    const second = flights.start('a', () => new Promise(() => undefined));
    expect(await first.promise).toBe(1);
    expect([first.isAttached, flights.get('a')]).toEqual([false, second]);
  });

  it('abandoning rejects at once and aborts', async () => {
    const flights = new Flights<string, number>();
    const flight = flights.start('a', () => new Promise(() => undefined));
    flights.abandon(flight, new Error('enough'));
    await expect(flight.promise).rejects.toThrow('enough');
    expect([flight.signal.aborted, flight.isAttached, flights.size]).toEqual([true, false, 0]);
  });

  it('close abandons the detached too', async () => {
    const flights = new Flights<string, number>();
    const flight = flights.start('a', () => new Promise(() => undefined));
    flights.detachAll();
    flights.close(new Error('closed'));
    await expect(flight.promise).rejects.toThrow('closed');
  });
});

describe('waitFor', () => {
  it('leaves no timer and no listener behind', async () => {
    const flights = new Flights<string, number>();
    const before = process.getActiveResourcesInfo().length;
    const controller = new AbortController();
    const flight = flights.start('a', async () => 1);
    const patience = { ...PATIENT, timeout: 50_000, hardTimeout: 60_000, signal: controller.signal };
    expect(await waitFor(flight, { ...patience, stale: () => ({ value: 0 }) })).toBe(1);
    expect(process.getActiveResourcesInfo().length).toBe(before);
    controller.abort();
  });

  it('the last caller to go deserts the flight', async () => {
    const flights = new Flights<string, number>();
    const flight = flights.start('a', () => new Promise(() => undefined));
    const reasons: unknown[] = [];
    const controllers = [new AbortController(), new AbortController()];
    const waits = controllers.map(({ signal }) =>
      waitFor(flight, { ...PATIENT, signal, onDeserted: (reason) => reasons.push(reason) }),
    );
    controllers[0]?.abort('one');
    expect(reasons).toEqual([]);
    controllers[1]?.abort('two');
    expect(reasons).toEqual(['two']);
    const results = await Promise.allSettled(waits);
    expect(results.map((result) => result.status === 'rejected' && result.reason)).toEqual(['one', 'two']);
  });
});

describe('Failures', () => {
  it('forgets with time, and the oldest beyond ten thousand', () => {
    const failures = new Failures<number>();
    failures.set(1, { error: 'no', rejectUntil: 10, backOffUntil: 5 });
    expect(failures.get(1, 9)?.error).toBe('no');
    expect(failures.get(1, 10)).toBeUndefined();
    for (let i = 0; i < 10_001; i++) failures.set(i, { error: i, rejectUntil: 10, backOffUntil: 0 });
    expect([failures.size, failures.get(0, 0), failures.get(1, 0)?.error]).toEqual([10_000, undefined, 1]);
  });
});
