// What PM2's own loader makes of the files below each folder.
// node pm2.cjs PM2_FOLDER ROOT...: a JSON list, of each root by path: the apps that it accepts, or its error.
'use strict';
const fs = require('fs');
const path = require('path');
const [, , pm2, ...roots] = process.argv;
const Common = require(path.join(pm2, 'lib', 'Common.js'));
for (const name of ['log', 'warn', 'error', 'info']) console[name] = () => {};
Common.printOut = Common.printError = Common.warn = () => {};

function files(folder) {
  return fs.readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const full = path.join(folder, entry.name);
    return entry.isDirectory() ? files(full) : [full];
  });
}

// As `pm2 start FILE` does it, from the folder of the file.
function load(file) {
  process.chdir(path.dirname(file));
  const config = Common.parseConfig(fs.readFileSync(file), path.basename(file));
  if (config === null || typeof config !== 'object') throw new Error('no configuration');
  const apps = [].concat(config.apps || config.pm2 || config);
  const verified = Common.verifyConfs(apps);
  if (verified instanceof Error) throw verified;
  // An app without a script is refused by itself, a step later.
  return verified.filter((app) => app.script).map((app) => app.name);
}

function look(root) {
  const seen = {};
  for (const file of files(root)) {
    if (Common.isConfigFile(path.basename(file)) === null) continue;
    const relative = path.relative(root, file);
    try {
      seen[relative] = { apps: load(file) };
    } catch (error) {
      seen[relative] = { error: String(error && error.message).split('\n')[0] };
    }
  }
  return seen;
}

process.stdout.write(JSON.stringify(roots.map(look)));
process.exit(0);
