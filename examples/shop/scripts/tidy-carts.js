// Throws away the carts that nobody came back for. Standin's agent runs it in its slots.
import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const carts = join(tmpdir(), 'standin-shop-carts');
const MAX_AGE_MS = 24 * 60 * 60 * 1000;

await mkdir(carts, { recursive: true });
let tidied = 0;
for (const name of await readdir(carts)) {
  const path = join(carts, name);
  const { mtimeMs } = await stat(path);
  if (Date.now() - mtimeMs > MAX_AGE_MS) {
    await rm(path, { recursive: true });
    tidied += 1;
  }
}
console.log(`tidied ${tidied} carts`);
