// slim.mjs FROM TO PATTERN...: cuts an OpenAPI document to the paths that match one of the patterns, and to the components
// that these reach. The whole of GitHub's takes prism a minute and gigabytes.
import fs from 'node:fs';

const [from, to, ...patterns] = process.argv.slice(2);
const document = JSON.parse(fs.readFileSync(from, 'utf8'));
const wanted = patterns.map((pattern) => new RegExp(pattern));
const paths = Object.fromEntries(
  Object.entries(document.paths).filter(([path]) => wanted.some((pattern) => pattern.test(path))),
);

const components = {};
const open = [paths];
while (open.length > 0) {
  const value = open.pop();
  if (Array.isArray(value)) {
    open.push(...value);
  } else if (value !== null && typeof value === 'object') {
    for (const [name, inner] of Object.entries(value)) {
      if (name === '$ref' && typeof inner === 'string' && inner.startsWith('#/components/')) {
        const [, , kind, id] = inner.split('/');
        components[kind] ??= {};
        if (!(id in components[kind])) {
          components[kind][id] = document.components[kind][id];
          open.push(components[kind][id]);
        }
      } else {
        open.push(inner);
      }
    }
  }
}

const { openapi, info, servers } = document;
fs.writeFileSync(to, JSON.stringify({ openapi, info, servers, paths, components }));
