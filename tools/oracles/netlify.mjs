// netlify.mjs MODULES OUT: reads a list of sites from standard input, one a line as {"root", "functions": [files]}, and asks
// Netlify's own settings reader and bundler (below the folder MODULES) what each function would be. Prints one line of JSON
// for each: {"path", "name", "schedule", "version"} or {"path", "error"}.
import fs from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const [modules, out] = process.argv.slice(2);
const load = (name) => import(pathToFileURL(path.join(modules, name)).href);
const { zipFunction } = await load('@netlify/zip-it-and-ship-it/dist/main.js');
const { resolveConfig } = await load('@netlify/config/lib/index.js');

async function judge(site, file, folder) {
  const inside = path.relative(folder, file);
  if (inside.startsWith('..')) throw new Error(`Netlify looks for functions in ${folder}`);
  const made = await zipFunction(file, path.join(out, String(counter++)), { config: { '*': { nodeBundler: 'esbuild' } } });
  if (!made) throw new Error('Netlify finds no function in it');
  return { name: made.name, schedule: made.schedule, version: made.runtimeAPIVersion };
}

let counter = 0;
for (const line of fs.readFileSync(0, 'utf8').trim().split('\n').filter(Boolean)) {
  const site = JSON.parse(line);
  // Nothing is asked over the network, and no build is wanted: only what the site's own file says.
  const { config } = await resolveConfig({ repositoryRoot: site.root, offline: true, buffer: true, mode: 'cli' });
  const folder = config.functionsDirectory ?? path.join(site.root, 'netlify/functions');
  for (const file of site.functions) {
    let said;
    try {
      said = await judge(site, file, folder);
    } catch (error) {
      said = { error: String(error.message ?? error) };
    }
    process.stdout.write(`${JSON.stringify({ path: file, ...said })}\n`);
  }
}
