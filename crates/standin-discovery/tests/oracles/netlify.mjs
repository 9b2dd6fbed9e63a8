// What Netlify's own settings reader and bundler make of the sites below each folder.
// node netlify.mjs MODULES ROOT...: of each root a JSON list of functions: name, main file, version, schedule, or the error.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
const [, , modules, ...roots] = process.argv;
const load = (file) => import(pathToFileURL(path.join(modules, '@netlify', file)).href);
const { resolveConfig } = await load('config/lib/index.js');
const { listFunctions, listFunction, zipFunction } = await load('zip-it-and-ship-it/dist/main.js');

function homes(folder) {
  const entries = fs.readdirSync(folder, { withFileTypes: true });
  const below = entries.filter((entry) => entry.isDirectory()).flatMap((entry) => homes(path.join(folder, entry.name)));
  return entries.some((entry) => entry.name === 'netlify.toml') ? [folder, ...below] : below;
}

// As the build hands them to the bundler.
const bundlers = (config) =>
  Object.fromEntries(Object.entries(config).map(([name, one]) => [name, { nodeBundler: one.node_bundler }]));

const first = (error) => String(error && error.message).split('\n')[0];

// What a file of the repository is missing for; packages are not installed here.
async function missing(srcPath, home, config) {
  const out = fs.mkdtempSync(path.join(os.tmpdir(), 'standin-'));
  try {
    await zipFunction(srcPath, out, { config, basePath: home, repositoryRoot: home });
    return null;
  } catch (error) {
    return String(error && error.message).split('\n').find((line) => /Could not resolve "\.|Cannot find module '\./.test(line)) ?? null;
  } finally {
    fs.rmSync(out, { recursive: true, force: true });
  }
}

async function site(root, home, seen) {
  const mute = { repositoryRoot: home, cwd: home, offline: true, context: 'production', branch: 'main', mode: 'require' };
  let settings;
  try {
    settings = (await resolveConfig(mute)).config;
  } catch (error) {
    seen.push({ site: path.relative(root, home), error: first(error) });
    return;
  }
  const folder = settings.functionsDirectory;
  if (!folder || !fs.existsSync(folder)) return;
  const config = settings.functions;
  // Of two files for one name the last one is bundled, as in zipFunctions.
  const byName = new Map((await listFunctions(folder, { config })).map((one) => [one.name, one]));
  for (const { name, mainFile, srcPath } of byName.values()) {
    const main = path.relative(root, fs.statSync(srcPath).isDirectory() ? path.resolve(srcPath, mainFile) : mainFile);
    try {
      const one = await listFunction(srcPath, { config, parseISC: true });
      const error = await missing(srcPath, home, bundlers(config));
      seen.push({ name, main, version: one.runtimeAPIVersion ?? 0, schedule: one.schedule ?? null, error });
    } catch (error) {
      seen.push({ name, main, error: first(error) });
    }
  }
}

const answers = [];
for (const root of roots) {
  const seen = [];
  const all = homes(root);
  for (const home of all.includes(root) ? all : [root, ...all]) await site(root, home, seen);
  answers.push(seen);
}
process.stdout.write(JSON.stringify(answers));
process.exit(0);
