export { runLoader as default } from './load/run-loader.js';
