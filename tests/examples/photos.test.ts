import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makePhoto } from '../../examples/media-server/made.mjs';
import { findPhotos, uniqueNames } from '../../examples/media-server/photos.mjs';
import { seededRandom } from '../../examples/media-server/random.mjs';

let folder: string;
const silent = () => undefined;

function plain(width: number, height: number, channels: 3 | 4 = 3) {
  return sharp({ create: { width, height, channels, background: '#2a6f97' } });
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cachalot-photos-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('finding photos', () => {
  it('takes the images of a folder and of those below it, and nothing else', async () => {
    const root = join(folder, 'mixed');
    await mkdir(join(root, 'below'), { recursive: true });
    await plain(40, 30).jpeg().toFile(join(root, 'a.jpg'));
    await plain(20, 10, 4)
      .png()
      .toFile(join(root, 'below', 'b.PNG'));
    await plain(8, 8)
      .webp()
      .toFile(join(root, 'below', 'a.jpg'));
    await writeFile(join(root, 'damaged.jpg'), 'no picture at all');
    await writeFile(join(root, 'notes.txt'), 'text');

    const { source, photos } = await findPhotos(root, silent);
    expect(source).toBe(root);
    expect(photos).toEqual([
      { name: 'a.jpg', path: join(root, 'a.jpg'), width: 40, height: 30, decodedBytes: 40 * 30 * 3 },
      { name: 'a-2.jpg', path: join(root, 'below', 'a.jpg'), width: 8, height: 8, decodedBytes: 8 * 8 * 3 },
      { name: 'b.PNG', path: join(root, 'below', 'b.PNG'), width: 20, height: 10, decodedBytes: 20 * 10 * 4 },
    ]);
  });

  it('gives the size that a turned photo is seen at', async () => {
    const root = join(folder, 'turned');
    await mkdir(root);
    await plain(40, 30).withMetadata({ orientation: 6 }).jpeg().toFile(join(root, 'a.jpg'));
    const { photos } = await findPhotos(root, silent);
    expect(photos[0]).toMatchObject({ width: 30, height: 40 });
  });

  it('takes some from all over a folder of very many', async () => {
    const root = join(folder, 'many');
    await mkdir(root);
    const image = await plain(4, 4).jpeg().toBuffer();
    const names = Array.from({ length: 200 }, (_, i) => `${String(i).padStart(3, '0')}.jpg`);
    await Promise.all(names.map((name) => writeFile(join(root, name), image)));
    const { photos } = await findPhotos(root, silent);
    expect(photos).toHaveLength(64);
    expect(photos.at(-1)!.name > '190.jpg').toBe(true);
  });

  it('says what is wrong with a folder', async () => {
    const empty = join(folder, 'empty');
    await mkdir(empty);
    const file = join(folder, 'file');
    await writeFile(file, '');
    await expect(findPhotos(join(folder, 'nowhere'), silent)).rejects.toThrow(/--folder: .*nowhere does not exist/);
    await expect(findPhotos(file, silent)).rejects.toThrow(/is not a folder/);
    await expect(findPhotos(empty, silent)).rejects.toThrow(/no image in .* can be read \(looked for \.jpg/);
  });

  it('names two files of one name apart', () => {
    const unique = uniqueNames();
    expect(['a.jpg', 'a.jpg', 'a-2.jpg', 'a.jpg', 'b'].map(unique)).toEqual([
      'a.jpg',
      'a-2.jpg',
      'a-2-2.jpg',
      'a-3.jpg',
      'b',
    ]);
  });
});

describe('making photos', () => {
  it('makes a JPEG of the asked size, the same for the same seed, and no smooth one', async () => {
    const [first, again, other] = ['first.jpg', 'again.jpg', 'other.jpg'].map((name) => join(folder, name));
    await makePhoto(first, 640, 360, seededRandom(5));
    await makePhoto(again, 640, 360, seededRandom(5));
    await makePhoto(other, 640, 360, seededRandom(6));
    expect(await sharp(first).metadata()).toMatchObject({ format: 'jpeg', width: 640, height: 360, channels: 3 });
    const pixels = await Promise.all([first, again, other].map((path) => sharp(path).raw().toBuffer()));
    expect(pixels[0].equals(pixels[1])).toBe(true);
    expect(pixels[0].equals(pixels[2])).toBe(false);
    const { entropy } = await sharp(first).stats();
    expect(entropy).toBeGreaterThan(5);
  });
});
