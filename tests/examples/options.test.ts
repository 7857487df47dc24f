import { describe, expect, it } from 'vitest';
import { parseOptions, parseSize, UsageError } from '../../examples/media-server/options.mjs';

describe('the options of the demo', () => {
  it('has defaults for everything', () => {
    const options = parseOptions([]);
    expect(options).toMatchObject({ seconds: 8, exit: false, json: false, help: false });
    expect(options).toMatchObject({ folder: undefined, budget: undefined, port: undefined });
    expect(options.threads).toBeGreaterThanOrEqual(2);
    expect(options.threads).toBeLessThanOrEqual(4);
  });

  it('reads them all', () => {
    const args = '--folder /photos --threads 3 --seconds 0.5 --budget 300MiB --port 9000 --exit --json -h';
    expect(parseOptions(args.split(' '))).toEqual({
      folder: '/photos',
      threads: 3,
      seconds: 0.5,
      budget: 300 * 2 ** 20,
      port: 9000,
      exit: true,
      json: true,
      help: true,
    });
  });

  it.each([
    ['--threads 0', /--threads: expected a whole number from 1 to 64; got "0"/],
    ['--threads 2.5', /--threads: .*got "2.5"/],
    ['--seconds soon', /--seconds: expected a number of seconds .*got "soon"/],
    ['--seconds=', /--seconds: .*got ""/],
    ['--budget 12parsecs', /--budget: expected a size such as 300MiB or 2gb; got "12parsecs"/],
    ['--budget 0', /--budget: .*got "0"/],
    ['--budget 900000gb', /--budget: expected at most the memory that there is/],
    ['--port 70000', /--port: .*got "70000"/],
    ['--folder=', /--folder: expected a path/],
    ['--fodler x', /--fodler/],
    ['photos', /photos/],
    ['--threads', /--threads/],
  ])('refuses %s, naming it', (line, message) => {
    expect(() => parseOptions(line.split(' '))).toThrow(UsageError);
    expect(() => parseOptions(line.split(' '))).toThrow(message);
  });

  it('tells decimal units from binary ones', () => {
    const sizes = ['1000', '1kb', '1KiB', '1.5MiB', '2 gb', '1GiB'].map((size) => parseSize('--budget', size));
    expect(sizes).toEqual([1000, 1000, 1024, 1.5 * 2 ** 20, 2e9, 2 ** 30]);
  });
});
