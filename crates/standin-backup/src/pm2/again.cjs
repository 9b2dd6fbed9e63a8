'use strict';

const path = require('node:path');

/**
 * The app of this name as its own file has it, under another name, and slower to start again each time that it dies. One
 * that is gone is left out, and said: it must not take the other backups with it.
 */
function again(file, name, written) {
  const own = (app) => app.name ?? path.basename(String(app.script), path.extname(String(app.script)));
  try {
    const config = written ?? require(path.join(__dirname, file));
    const found = config.apps ?? config.pm2 ?? config;
    const app = (Array.isArray(found) ? found : [found]).find((one) => own(one) === name);
    if (app === undefined) throw new Error('it has no such app any more');
    const cwd = path.resolve(__dirname, path.dirname(file), app.cwd ?? '.');
    const autorestart = app.autorestart ?? true;
    return [{ ...app, cwd, name: `${name}-backup`, autorestart, exp_backoff_restart_delay: BACKOFF_MS }];
  } catch (error) {
    console.error(`no backup of ${name} in ${file}: ${error.message}; run \`standin backup\``);
    return [];
  }
}
