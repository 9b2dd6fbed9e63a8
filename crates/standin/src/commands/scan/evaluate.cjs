// node evaluate.cjs FILE MARK: loads a configuration as PM2 does and prints one line, MARK and then JSON: {"value"} or {"error"}.
// Values of environments are left out: they may be secret, and only their names are asked for.
'use strict';
const fs = require('fs');
const path = require('path');
const [, file, mark] = process.argv;

const tell = (answer) => fs.writeSync(1, `\n${mark}${JSON.stringify(answer)}\n`);
const without = (key, value) => {
  if (!/^(env|filter_env)/.test(key) || value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.keys(value).map((name) => [name, '']));
};
const end = (answer) => {
  tell(answer);
  process.exit(0);
};
const failed = (error) => {
  const code = error && error.code ? `${error.code}: ` : '';
  end({ error: code + String((error && error.message) || error).split('\n')[0] });
};
const done = (found) => {
  const value = JSON.parse(JSON.stringify(found, without) || 'null');
  end(value === null || typeof value !== 'object' ? { error: 'it exports nothing that PM2 could read' } : { value });
};
process.on('uncaughtException', failed);
process.on('unhandledRejection', failed);

try {
  done(require(path.resolve(file)));
} catch (error) {
  if (error && error.code === 'ERR_REQUIRE_ESM') {
    import(require('url').pathToFileURL(path.resolve(file)).href).then((found) => done({ ...found }), failed);
  } else {
    failed(error);
  }
}
