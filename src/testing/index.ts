/** Tools for tests of what uses a cache. */
export { FakeClock } from './fake-clock.js';
