/** Options of Node that decide how modules are found and read, each with a value of its own. */
const WITH_VALUE = ['--import', '--require', '-r', '--loader', '--experimental-loader', '--conditions', '-C'];
const ALONE = ['--experimental-strip-types', '--experimental-transform-types', '--preserve-symlinks'];

/**
 * Those of a thread's command line options that another thread needs to import the same modules: loaders written in
 * TypeScript, say, under `node --import tsx`. A thread refuses to start with some of the others.
 */
export function moduleHooks(execArgv: readonly string[]): string[] {
  const hooks: string[] = [];
  for (let i = 0; i < execArgv.length; i++) {
    const option = execArgv[i]!;
    const [name] = option.split('=', 1);
    if (ALONE.includes(option) || (option !== name && WITH_VALUE.includes(name!))) hooks.push(option);
    else if (WITH_VALUE.includes(option) && i + 1 < execArgv.length) hooks.push(option, execArgv[++i]!);
  }
  return hooks;
}
