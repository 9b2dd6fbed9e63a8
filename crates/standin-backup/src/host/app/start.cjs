const { spawnSync } = require('node:child_process');
const path = require('node:path');

const config = APPS;
const called = ({ name, script }) => name ?? path.basename(String(script), path.extname(String(script)));
const app = [config.apps ?? config.pm2 ?? config].flat().find((one) => called(one) === NAME);
if (!app) throw new Error('PM2 has no app ' + NAME + ' any more: nothing was done');
const set = Object.entries(app.env ?? {}).filter(([, value]) => value !== undefined);
const own = set.map(([name, value]) => [
  name,
  typeof value === 'object' ? JSON.stringify(value) : String(value),
]);
const [program, ...args] = ARGV;
const { status, signal, error } = spawnSync(program, args, {
  env: { ...process.env, ...Object.fromEntries(own) },
  stdio: ['ignore', 'inherit', 'inherit'],
});
if (error ?? signal) console.error(error?.message ?? `ended by ${signal}`);
process.exitCode = status ?? 1;
