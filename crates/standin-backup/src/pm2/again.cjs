'use strict';

const path = require('node:path');

/** The app of this name as its own file has it, under another name, and slower to start again each time that it dies. */
function again(config, file, name) {
  const found = config.apps ?? config.pm2 ?? config;
  const app = (Array.isArray(found) ? found : [found]).find((one) => one.name === name);
  if (app === undefined) throw new Error(`${file} has no app ${name} any more: run \`standin backup\``);
  const folder = path.resolve(__dirname, path.dirname(file));
  const kept = { ...app, cwd: path.resolve(folder, app.cwd ?? '.'), name: `${name}-backup` };
  return { ...kept, autorestart: app.autorestart ?? true, exp_backoff_restart_delay: BACKOFF_MS };
}
