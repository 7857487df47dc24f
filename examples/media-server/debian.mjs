// @ts-check
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Photos under free licences, 1280 to 5640 pixels wide: JPEG and PNG in the first, WebP in the second. */
const PACKAGES = ['mate-backgrounds', 'gnome-backgrounds'];
const APT_OPTIONS = ['-qq', '-o', 'Acquire::Retries=1', '-o', 'Acquire::http::Timeout=20'];

/**
 * Downloads and unpacks Debian's wallpapers, installing nothing. Done once: the next run finds them unpacked.
 *
 * @param {string} folder where they are kept
 * @param {(line: string) => void} say
 * @returns {Promise<{ folders: string[], packages: string[] } | undefined>} `undefined` where that cannot be done
 */
export async function fetchDebianPhotos(folder, say) {
  if (!existsSync('/usr/bin/apt-get') || !existsSync('/usr/bin/dpkg-deb')) return undefined;
  const packages = [];
  for (const name of PACKAGES) {
    if (await fetchPackage(name, join(folder, name), say)) packages.push(name);
  }
  if (packages.length === 0) return undefined;
  return { packages, folders: packages.map((name) => join(folder, name, 'usr/share/backgrounds')) };
}

/**
 * @param {string} name
 * @param {string} target
 * @param {(line: string) => void} say
 */
async function fetchPackage(name, target, say) {
  if (existsSync(target)) return true;
  say(`Fetching photos: Debian's ${name} (once, into .cache/) ...`);
  await mkdir(dirname(target), { recursive: true });
  const scratch = await mkdtemp(`${target}-`);
  try {
    await download(name, scratch);
    const archive = (await readdir(scratch)).find((file) => file.endsWith('.deb'));
    if (!archive) throw new Error('apt-get downloaded nothing');
    await run('dpkg-deb', ['-x', join(scratch, archive), join(scratch, 'files')]);
    // Only what is whole gets the name under which the next run looks for it.
    await rename(join(scratch, 'files'), target);
    return true;
  } catch (error) {
    say(`  ... which did not work: ${lastLine(error)}`);
    return false;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/**
 * @param {string} name
 * @param {string} cwd
 */
async function download(name, cwd) {
  const get = () => run('apt-get', [...APT_OPTIONS, 'download', name], { cwd, timeout: 300_000 });
  try {
    await get();
  } catch (error) {
    // A fresh container has no package lists yet. Fetching those is for root.
    if (process.getuid?.() !== 0) throw error;
    await run('apt-get', [...APT_OPTIONS, 'update'], { timeout: 120_000 });
    await get();
  }
}

/** @param {unknown} error */
function lastLine(error) {
  const text = error instanceof Error && 'stderr' in error && error.stderr ? error.stderr : error;
  return String(text).trim().split('\n').at(-1);
}
