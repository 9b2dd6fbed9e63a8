// start.cjs FILE NAME DIRECTORY written|computed PROGRAM [ARGUMENT...]: starts a command as PM2 starts the app of this name,
// with the variables that its file sets, and with its arguments where only the file tells them.
const { spawn } = require('node:child_process');
const { readFileSync } = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { pathToFileURL } = require('node:url');
const vm = require('node:vm');

const [file, name, cwd, told, program, ...args] = process.argv.slice(2);

async function load() {
  // PM2 reads JSON as an expression, so that comments may stand in it.
  if (path.basename(file).includes('.json')) return vm.runInThisContext(`(${readFileSync(file, 'utf8')})`);
  try {
    return require(file);
  } catch (error) {
    if (error.code !== 'ERR_REQUIRE_ESM') throw error;
    return import(pathToFileURL(file).href);
  }
}

const called = ({ name, script }) => name ?? path.basename(String(script), path.extname(String(script)));
const words = (value) => (Array.isArray(value) ? value.map(String) : String(value).split(/\s+/).filter(Boolean));

load()
  .then((config) => {
    const app = [config.apps ?? config.pm2 ?? config].flat().find((one) => called(one) === name);
    if (!app) throw new Error(`it has no app ${name} any more`);
    const set = Object.entries(app.env ?? {}).filter(([, value]) => value !== undefined && value !== null);
    const own = set.map(([key, value]) => [key, typeof value === 'object' ? JSON.stringify(value) : String(value)]);
    const all = told === 'computed' && app.args ? [...args, ...words(app.args)] : args;
    const env = { ...process.env, ...Object.fromEntries(own) };
    const child = spawn(program, all, { cwd, env, stdio: ['ignore', 'inherit', 'inherit'] });
    child.on('error', (error) => {
      console.error(`standin: ${error.message}`);
      process.exitCode = 127;
    });
    child.on('exit', (status, signal) => {
      process.exitCode = status ?? 128 + (os.constants.signals[signal] ?? 0);
    });
  })
  .catch((error) => {
    console.error(`standin: ${file}: ${error.message}`);
    process.exitCode = 1;
  });
