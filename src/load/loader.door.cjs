'use strict';
// The first module of a pool's thread. Piscina requires it, and a thread of Node 20 that is terminated while it requires
// an ES module takes the whole process along (`CreateRequiredModuleFacade`, an assertion): so that module is imported.
const loader = import('./loader.worker.js');
// Whoever brings the first task is told.
loader.catch(() => {});

module.exports = async (...args) => (await loader).default(...args);
