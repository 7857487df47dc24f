// @ts-check
// The start page: the photos as thumbnails, and the live figures of the server.
import { readFileSync } from 'node:fs';

const template = readFileSync(new URL('./page.html', import.meta.url), 'utf8');

/**
 * @param {import('./photos.mjs').Photo[]} photos
 * @param {number[]} ports over which the page spreads its requests
 */
export function renderPage(photos, ports) {
  const config = { ports, photos: photos.map(({ name, width, height }) => ({ name, width, height })) };
  // A file may be called anything: `<` is written so that no name can end the script.
  return template.replace('{ "ports": [], "photos": [] }', () => JSON.stringify(config).replaceAll('<', '\\u003c'));
}
