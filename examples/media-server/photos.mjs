// @ts-check
// Which images to serve: those of a folder, else the system's wallpapers, else photos out of a Debian package,
// else some that we make.
import { readdir, stat } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { basename, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { fetchDebianPhotos } from './debian.mjs';
import { makePhotos } from './made.mjs';
import { usableMemory } from './memory.mjs';
import { UsageError } from './options.mjs';

/**
 * @typedef {object} Photo
 * @property {string} name the `:name` of its address, unique
 * @property {string} path
 * @property {number} width
 * @property {number} height
 * @property {number} decodedBytes of its raw pixels
 */

/**
 * @typedef {object} Header
 * @property {string} path
 * @property {number} width
 * @property {number} height
 * @property {number} channels when decoded
 *
 * @typedef {object} Collection
 * @property {string} source where they come from, for people
 * @property {Photo[]} photos
 */

const SYSTEM_FOLDERS = [
  '/usr/share/backgrounds',
  '/usr/share/wallpapers',
  '/usr/local/share/backgrounds',
  '/usr/local/share/wallpapers',
  '/Library/Desktop Pictures',
  '/System/Library/Desktop Pictures',
  'C:\\Windows\\Web',
];
const EXTENSIONS = new Set(['.jpg', '.jpeg', '.png', '.webp', '.tif', '.tiff', '.avif']);
const ENOUGH = 20;
const MOST = 64;
/** Wallpaper folders also hold tiles, icons and drawings: a photo has more pixels than this, and no transparency. */
const LEAST_PIXELS = 500_000;
/** All of them decoded may take this much of the memory: one of the servers holds them all. */
const LARGEST_SHARE = 0.4;
/** Git ignores it. */
const CACHE_FOLDER = fileURLToPath(new URL('../../.cache/media-server', import.meta.url));

/**
 * @param {string | undefined} folder
 * @param {(line: string) => void} say
 * @returns {Promise<Collection>}
 */
export async function findPhotos(folder, say) {
  if (folder !== undefined) return { source: folder, photos: await photosOfFolder(folder) };

  const system = await survey(await filesUnder(SYSTEM_FOLDERS), isPhoto);
  if (system.length >= ENOUGH) return { source: "the system's wallpapers", photos: system };

  const debian = await fetchDebianPhotos(join(CACHE_FOLDER, 'debian'), say);
  const fetched = debian ? await survey([...(await filesUnder(debian.folders)), ...paths(system)], isPhoto) : [];
  if (debian && fetched.length >= ENOUGH)
    return { source: `Debian's ${debian.packages.join(' and ')}`, photos: fetched };

  if (system.length > 0 && !debian) say(`Only ${system.length} wallpapers on this system.`);
  const made = await makePhotos(join(CACHE_FOLDER, 'made'), say);
  return { source: 'made up, since this machine has no photos', photos: await survey(made) };
}

/** @param {string} folder */
async function photosOfFolder(folder) {
  const info = await stat(folder).catch(() => undefined);
  if (!info) throw new UsageError(`--folder: ${folder} does not exist`);
  if (!info.isDirectory()) throw new UsageError(`--folder: ${folder} is not a folder`);
  const photos = await survey(await filesUnder([folder]));
  if (photos.length > 0) return photos;
  throw new UsageError(`--folder: no image in ${folder} can be read (looked for ${[...EXTENSIONS].join(' ')})`);
}

/** @param {Photo[]} photos */
const paths = (photos) => photos.map((photo) => photo.path);

/**
 * Image files in and below these folders, in a stable order. A folder that cannot be read has none.
 *
 * @param {string[]} folders
 */
async function filesUnder(folders) {
  /** @type {string[]} */
  const files = [];
  for (const folder of folders) {
    const entries = await readdir(folder, { withFileTypes: true, recursive: true }).catch(() => []);
    for (const entry of entries) {
      if (entry.isFile() && EXTENSIONS.has(extname(entry.name).toLowerCase())) {
        files.push(join(entry.parentPath ?? entry.path, entry.name));
      }
    }
  }
  return files.sort();
}

/**
 * Reads the headers and leaves out what is no image, or not wanted. Of very many files, takes some from all over.
 *
 * @param {string[]} files
 * @param {(header: Header) => boolean} isWanted
 * @returns {Promise<Photo[]>}
 */
async function survey(files, isWanted = () => true) {
  const step = Math.max(1, files.length / MOST);
  const chosen = Array.from({ length: Math.min(files.length, MOST) }, (_, i) => files[Math.floor(i * step)]);
  /** @type {Array<Header | undefined>} */
  const found = [];
  for (let i = 0; i < chosen.length; i += availableParallelism()) {
    found.push(...(await Promise.all(chosen.slice(i, i + availableParallelism()).map(probe))));
  }
  const names = uniqueNames();
  let room = usableMemory() * LARGEST_SHARE;
  /** @type {Photo[]} */
  const photos = [];
  for (const header of found) {
    if (!header || !isWanted(header)) continue;
    const { path, width, height, channels } = header;
    const decodedBytes = width * height * channels;
    if (decodedBytes > room) continue;
    room -= decodedBytes;
    photos.push({ name: names(basename(path)), path, width, height, decodedBytes });
  }
  return photos;
}

/** @param {Header} header */
const isPhoto = ({ width, height, channels }) => width * height >= LEAST_PIXELS && channels === 3;

/**
 * @param {string} path
 * @returns {Promise<Header | undefined>}
 */
async function probe(path) {
  // Whatever cannot be read is not served: a folder of photos may well hold a damaged one.
  const header = await sharp(path)
    .metadata()
    .catch(() => undefined);
  if (!header) return undefined;
  const { width, height } = header.autoOrient;
  return { path, width, height, channels: header.hasAlpha ? 4 : 3 };
}

/** Two files of one name, in two folders: the second is called `name-2.jpg`. */
export function uniqueNames() {
  /** @type {Set<string>} */
  const taken = new Set();
  /** @param {string} name */
  return (name) => {
    const extension = extname(name);
    let unique = name;
    for (let n = 2; taken.has(unique); n++)
      unique = `${name.slice(0, name.length - extension.length)}-${n}${extension}`;
    taken.add(unique);
    return unique;
  };
}
