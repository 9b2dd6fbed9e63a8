// Bundles a Netlify function with Netlify's own bundler, loads the bundle and calls it with its real event.
// The task comes as JSON on the standard input. It ends with 0 when the function has done its work, otherwise with 1.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { randomUUID } from 'node:crypto';
import { pathToFileURL } from 'node:url';

const task = JSON.parse(readFileSync(0, 'utf8'));
const say = (text) => process.stderr.write(`standin: ${text}\n`);
const fail = (text) => {
  say(text);
  process.exitCode = 1;
  process.exit(1);
};

// A function that ends the process, or that never answers, has not done its work.
let answered = false;
// Not emitted where a program ends itself: nothing is left that it could wait for.
let waits = true;
process.on('beforeExit', () => void (waits = false));
process.on('exit', () => {
  if (answered || process.exitCode === 1) return;
  say(waits ? `${task.name} ended the process before it answered` : `${task.name} never answered: what it waits for never comes`);
  process.exitCode = 1;
});
const load = (file) => import(pathToFileURL(file).href);

async function bundle() {
  const { zipFunction } = await load(task.bundler);
  const options = { archiveFormat: 'none', basePath: task.base, repositoryRoot: task.root, config: task.config };
  const made = await zipFunction(task.main, task.out, options);
  if (!made) fail(`Netlify's bundler finds no function in ${task.main}`);
  if (made.runtime !== 'js') fail(`the function is ${made.runtime}, and only JavaScript can be called here`);
  return made;
}

// The entry of a bundle of the second kind is Netlify's own, which only starts on its servers: it names the real one.
function entry(made) {
  const first = path.join(made.path, made.entryFilename ?? `${made.name}.js`);
  const named = readFileSync(first, 'utf8').match(/getLambdaHandler\(\s*(['"])(.+?)\1/);
  return named ? path.join(made.path, named[2]) : first;
}

const headers = { 'user-agent': 'Netlify Clockwork', 'x-nf-request-id': randomUUID() };
const scheduled = task.body !== null;
if (scheduled) Object.assign(headers, { 'content-type': 'application/json', 'x-nf-event': 'schedule' });
const body = scheduled ? JSON.stringify(task.body) : '';
const url = new URL(`/.netlify/functions/${task.name}`, process.env.URL || 'http://localhost');

// What the handler left to be done once it has answered.
const pending = [];

async function callSecond(run) {
  const context = {
    account: {}, cookies: { get() {}, set() {}, delete() {} }, deploy: { context: 'standin', published: false },
    geo: {}, ip: '127.0.0.1', params: {}, requestId: headers['x-nf-request-id'], server: { region: 'standin' },
    site: { url: process.env.URL }, url, json: (value) => Response.json(value), log: console.log, next() {},
    waitUntil: (work) => void pending.push(work),
  };
  const env = {
    get: (name) => process.env[name], has: (name) => name in process.env, toObject: () => ({ ...process.env }),
    set: (name, value) => void (process.env[name] = value), delete: (name) => delete process.env[name],
  };
  globalThis.Netlify = { context, env };
  const answer = await run(new Request(url, { method: 'POST', headers, body: body || undefined }), context);
  if (answer === undefined || answer === null) return { status: 204, text: '' };
  if (typeof answer.text !== 'function' || typeof answer.status !== 'number') {
    throw new Error(`it returned ${typeof answer === 'object' ? 'an object' : `a ${typeof answer}`}, and Netlify takes a Response or nothing`);
  }
  return { status: answer.status, text: await answer.text() };
}

async function callFirst(handler) {
  const event = {
    httpMethod: 'POST', path: url.pathname, rawUrl: url.href, rawQuery: '', queryStringParameters: {},
    multiValueQueryStringParameters: {}, headers, body: scheduled ? body : null, isBase64Encoded: false,
    multiValueHeaders: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]])),
  };
  const context = {
    awsRequestId: headers['x-nf-request-id'], functionName: task.name, callbackWaitsForEmptyEventLoop: true,
    clientContext: {}, getRemainingTimeInMillis: () => 900_000,
  };
  // A handler answers by a promise or by its third argument, whichever it uses.
  const answer = await new Promise((resolve, reject) => {
    const told = handler(event, context, (error, value) => (error ? reject(error) : resolve(value)));
    if (typeof told?.then === 'function') told.then(resolve, reject);
    // One that names no third argument may still use it: it has answered when nothing is left that it waits for.
    else if (told?.statusCode !== undefined) resolve(told);
    else process.once('beforeExit', () => resolve(undefined));
  });
  return { status: answer?.statusCode ?? 204, text: String(answer?.body ?? '') };
}

// One stage after the other, so that what goes wrong is said with its place, and without a trace where that says nothing.
const words = (error) => {
  const missing = String(error?.message ?? error).match(/(?:Could not resolve|Cannot find (?:module|package)) ['"]([^'"./][^'"]*)['"]/);
  if (missing && !missing[1].startsWith('node:')) return `the package ${missing[1]} is not installed: run \`npm ci\``;
  const lines = String(error?.message ?? error).split('\n').map((line) => line.trim());
  return lines.filter(Boolean).slice(0, 2).join(' ') || 'no reason given';
};
async function stage(doing, work) {
  try {
    return await work();
  } catch (error) {
    return fail(`${doing}: ${words(error)}`);
  }
}

const made = await stage(`Netlify's bundler cannot bundle ${task.name}`, bundle);
if (task.call === 'no') {
  say(`${task.name} can be bundled`);
  answered = true;
  process.exit(0);
}
// On Netlify there is the bundle and nothing else of the repository.
process.chdir(made.path);
process.env.LAMBDA_TASK_ROOT = made.path;
const module = await stage(`${task.name} cannot be loaded`, () => load(entry(made)));
// What a bundler makes of an ES module for `require` has its default export one level deeper.
const exported = module.default?.default ?? module.default;
// `export default { fetch() {} }` is one as well.
const own = typeof exported === 'function' ? exported : exported?.fetch;
const second = typeof own === 'function' && made.runtimeAPIVersion === 2;
const handler = module.handler ?? module.default?.handler;
if (!second && typeof handler !== 'function') fail(`${task.name} exports neither a default function nor a handler`);
const answer = await stage(`${task.name} failed`, async () => {
  try {
    const told = second ? await callSecond(own) : await callFirst(handler);
    await Promise.all(pending);
    return told;
  } catch (error) {
    // The function's own trace says where.
    process.stderr.write(`${error?.stack ?? ''}\n`);
    throw error;
  }
});
answered = true;
const text = answer.text.slice(0, 500);
if (!(answer.status >= 200 && answer.status < 400)) fail(`${task.name} answered ${answer.status} ${text}`);
say(`${task.name} answered ${answer.status} ${text}`);
// What still waits, such as an idle connection, would keep this process for nothing.
process.exit(0);
