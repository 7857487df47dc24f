// @ts-check
import { existsSync } from 'node:fs';
import { mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { seededRandom } from './random.mjs';

const SIZES = [
  [1920, 1080],
  [2560, 1440],
  [3840, 2160],
  [4000, 3000],
  [2048, 1365],
  [5120, 2880],
];
const COUNT = 24;
const GRAIN = 256;

/**
 * Images that decode, resize and compress like photos: a sky, hills behind each other, and the grain of a sensor.
 * Always the same ones; made once.
 *
 * @param {string} folder
 * @param {(line: string) => void} say
 * @returns {Promise<string[]>} their paths
 */
export async function makePhotos(folder, say) {
  await mkdir(folder, { recursive: true });
  const paths = Array.from({ length: COUNT }, (_, i) =>
    join(folder, `landscape-${String(i + 1).padStart(2, '0')}.jpg`),
  );
  if (paths.some((path) => !existsSync(path))) say(`No photos here, so making ${COUNT} that look like some (once) ...`);
  await Promise.all(
    paths.map(async (path, i) => {
      if (existsSync(path)) return;
      const [width, height] = SIZES[i % SIZES.length];
      await makePhoto(`${path}.part`, width, height, seededRandom(i + 1));
      await rename(`${path}.part`, path);
    }),
  );
  return paths;
}

/**
 * @param {string} path
 * @param {number} width
 * @param {number} height
 * @param {() => number} random
 */
export async function makePhoto(path, width, height, random) {
  await sharp(Buffer.from(landscape(width, height, random)))
    .blur(1 + random() * 2)
    .composite([{ ...grain(random), tile: true, blend: 'soft-light' }])
    .removeAlpha()
    .jpeg({ quality: 90 })
    .toFile(path);
}

/**
 * A square of noise. Without it the images would compress to next to nothing, and decode in no time.
 *
 * @param {() => number} random
 */
function grain(random) {
  const pixels = Uint8Array.from({ length: GRAIN * GRAIN * 3 }, () => 104 + random() * 48);
  return { input: Buffer.from(pixels.buffer), raw: { width: GRAIN, height: GRAIN, channels: /** @type {3} */ (3) } };
}

/**
 * @param {number} width
 * @param {number} height
 * @param {() => number} random
 */
function landscape(width, height, random) {
  const hue = Math.floor(random() * 360);
  const sun = `<circle cx="${width * random()}" cy="${height * 0.4 * random()}" r="${height * 0.05}" fill="#fff8e0"/>`;
  const hills = [0, 1, 2, 3].map((layer) => {
    const colour = `hsl(${hue + layer * 14} ${30 + layer * 8}% ${58 - layer * 13}%)`;
    return `<path fill="${colour}" d="${ridge(width, height, 0.4 + layer * 0.14, random)}"/>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">
    <linearGradient id="sky" x2="0" y2="1"><stop stop-color="hsl(${195 + random() * 35} 60% 45%)"/>
    <stop offset="1" stop-color="hsl(${20 + random() * 30} 75% 80%)"/></linearGradient>
    <rect width="100%" height="100%" fill="url(#sky)"/>${sun}${hills.join('')}</svg>`;
}

/**
 * The outline of a range of hills: a jagged line from left to right, closed along the bottom.
 *
 * @param {number} width
 * @param {number} height
 * @param {number} level where it lies, from 0 = top to 1 = bottom
 * @param {() => number} random
 */
function ridge(width, height, level, random) {
  const steps = 120;
  let y = level;
  const points = Array.from({ length: steps + 1 }, (_, i) => {
    y += (random() - 0.5) * 0.03 + (level - y) * 0.05;
    return `${((i / steps) * width).toFixed(1)} ${(y * height).toFixed(1)}`;
  });
  return `M0 ${height}L${points.join('L')}L${width} ${height}Z`;
}
