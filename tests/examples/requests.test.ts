import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { parseRendition, RequestError } from '../../examples/media-server/image-request.mjs';
import { renderPage } from '../../examples/media-server/page.mjs';

const rendition = (query: string) => parseRendition(new URLSearchParams(query));

describe('the address of an image', () => {
  it('reads width, height and format', () => {
    expect(rendition('w=320&h=200&format=webp')).toEqual({ width: 320, height: 200, format: 'webp' });
    expect(rendition('h=200')).toEqual({ width: undefined, height: 200, format: 'jpeg' });
    expect(rendition('')).toEqual({ width: 480, height: undefined, format: 'jpeg' });
  });

  it.each(['w=0', 'w=-1', 'w=1e3', 'w=4097', 'w=', 'h=12.5', 'h=abc', 'format=gif', 'format='])(
    'refuses %s',
    (query) => {
      expect(() => rendition(query)).toThrow(RequestError);
      expect(() => rendition(query)).toThrow(/expected .*; got "/);
    },
  );
});

describe('the start page', () => {
  it('holds the photos and the ports, whatever the photos are called', () => {
    const evil = { name: '</script><b>$&.jpg', path: '/a', width: 1, height: 2, decodedBytes: 6 };
    const page = renderPage([evil], [8080, 8081]);
    expect(page).not.toContain('</script><b>');
    const [, config] = /id="config">(.*)<\/script>/.exec(page)!;
    expect(JSON.parse(config)).toEqual({ ports: [8080, 8081], photos: [{ name: evil.name, width: 1, height: 2 }] });
  });
});

describe('sharp', () => {
  // What the server relies on when it hands leased pixels to sharp.
  it('reads raw pixels in shared memory in place, without a copy', async () => {
    const pixels = new Uint8Array(new SharedArrayBuffer(64 + 8 * 8 * 3), 64).fill(10);
    const image = sharp(pixels, { raw: { width: 8, height: 8, channels: 3 } });
    pixels.fill(200);
    expect([...(await image.raw().toBuffer())].every((byte) => byte === 200)).toBe(true);
  });
});
