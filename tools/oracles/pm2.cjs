// pm2.cjs PM2 FILE...: asks PM2's own loader (in the folder PM2) what it would start of each configuration, and prints one
// line of JSON for each: {"path", "apps": [names]} or {"path", "error"}.
'use strict';
const fs = require('node:fs');

const [pm2, ...files] = process.argv.slice(2);
const Common = require(`${pm2}/lib/Common.js`);
for (const path of files) {
  let said;
  try {
    if (Common.isConfigFile(path) !== 'js') throw new Error('PM2 takes it for a script');
    const apps = Common.verifyConfs(Common.parseConfig(fs.readFileSync(path, 'utf8'), path).apps);
    if (apps instanceof Error) throw apps;
    said = { path, apps: apps.map((app) => app.name) };
  } catch (error) {
    said = { path, error: String(error.message ?? error) };
  }
  process.stdout.write(`\n${JSON.stringify(said)}\n`);
}
