import * as original from './ORIGINAL';

const id = 'ID';
/** Whether it works beside the original without asking anybody: mode = "active" under [backup] in standin.toml. */
const isBeside = BESIDE;
const { handler = original.default?.handler } = original;
const work = typeof original.default === 'function' ? original.default : original.default?.default;

/** The event that a handler of the first kind is called with. */
async function asEvent(request) {
  const url = new URL(request.url);
  const headers = Object.fromEntries(request.headers);
  const query = {};
  const manyQuery = {};
  for (const [name, value] of url.searchParams) {
    query[name] = value;
    (manyQuery[name] ??= []).push(value);
  }
  return {
    rawUrl: request.url,
    rawQuery: url.search.slice(1),
    path: url.pathname,
    httpMethod: request.method,
    headers,
    multiValueHeaders: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]])),
    queryStringParameters: query,
    multiValueQueryStringParameters: manyQuery,
    body: request.body === null ? null : await request.text(),
    isBase64Encoded: false,
  };
}

/** Handlers of the first kind answer by a promise or by a callback. */
function called(event, context) {
  return new Promise((resolve, reject) => {
    const done = (error, answer) => (error ? reject(error) : resolve(answer));
    const answer = handler(event, context, done);
    if (answer !== undefined || handler.length < 3) resolve(answer);
  });
}

function asResponse(answer) {
  if (answer === undefined || answer === null) return new Response(null, { status: 204 });
  const { statusCode = 200, headers = {}, multiValueHeaders = {}, body, isBase64Encoded } = answer;
  const all = new Headers();
  for (const [name, value] of Object.entries(headers)) all.set(name, String(value));
  for (const [name, values] of Object.entries(multiValueHeaders)) {
    for (const value of values) all.append(name, String(value));
  }
  const content = isBase64Encoded && body ? Buffer.from(body, 'base64') : body;
  return new Response([204, 304].includes(statusCode) ? null : (content ?? null), { status: statusCode, headers: all });
}

/**
 * Whether the original has done its work, as a watcher at STANDIN_URL saw it. Where nobody can say that, and nobody has
 * ordered this run, it fails: the work may have been done.
 */
async function isDone(request) {
  const { STANDIN_URL: watcher, STANDIN_TOKEN: token } = process.env;
  if (request.headers.has('x-standin-key') || (!watcher && isBeside)) return false;
  if (!watcher) {
    throw new Error(
      `nobody says whether ${id} has done its work, so nothing was done: set STANDIN_URL and STANDIN_TOKEN, or mode = "active" under [backup] in standin.toml`,
    );
  }
  const answer = await fetch(`${watcher.replace(/\/$/, '')}/status`, { headers: { authorization: `Bearer ${token}` } });
  if (!answer.ok) throw new Error(`${watcher}/status answers ${answer.status}: nothing was done`);
  const { targets = [] } = await answer.json();
  return targets.find((target) => target.id === id)?.health === 'healthy';
}

const drill = process.env.STANDIN_DRILL;

/** What is called can know a drill by STANDIN_DRILL; an instance works on one call at a time. */
function flag(key) {
  if (key.startsWith('drill-')) process.env.STANDIN_DRILL = '1';
  else if (drill === undefined) delete process.env.STANDIN_DRILL;
  else process.env.STANDIN_DRILL = drill;
}

export default async function backup(request, context) {
  const key = request.headers.get('x-standin-key') ?? '';
  if (key.startsWith('drill-dry-')) return new Response(`${id} could do its work: a dry drill does not`);
  flag(key);
  if (await isDone(request)) return new Response(`${id} has done its work: its backup steps aside`);
  if (typeof handler === 'function') return asResponse(await called(await asEvent(request), context));
  if (typeof work === 'function') return work(request, context);
  throw new Error(`${id} exports neither a handler nor a default function: nothing was done`);
}
