// Runs the watcher that this function carries: one event in, one answer out.
import { spawn } from 'node:child_process';
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { join } from 'node:path';

// Where the bundle is: on Netlify LAMBDA_TASK_ROOT, under `netlify dev` the site's own folder.
const ROOTS = [process.env.LAMBDA_TASK_ROOT, process.cwd()].filter(Boolean);
// What a request's body may have at most; Netlify takes no more.
const MAX_BODY = 6 * 1024 * 1024;
// Bytes of an answer that are read.
const MAX_ANSWER = 6 * 1024 * 1024;

async function find() {
  for (const root of ROOTS) {
    const file = join(root, 'bin', 'standin-function');
    try {
      await access(file, constants.X_OK);
      return { file, root };
    } catch {
      // It may be under the next one.
    }
  }
  throw new Error(`bin/standin-function is not executable under ${ROOTS.join(' or ')}: see the README of this template`);
}

/**
 * Hands one event to the watcher and gives back its answer: `{ status, headers, body }`.
 * `milliseconds` is how long this function may take altogether.
 */
export async function tell(event, milliseconds) {
  const deadline = Date.now() + milliseconds;
  const { file, root } = await find();
  const child = spawn(file, [], { cwd: root, stdio: ['pipe', 'pipe', 'inherit'] });
  // The watcher keeps to its deadline by itself; this is for one that hangs.
  const alarm = setTimeout(() => child.kill('SIGKILL'), milliseconds);
  try {
    return await new Promise((resolve, reject) => {
      const parts = [];
      let size = 0;
      child.on('error', reject);
      child.stdin.on('error', () => {});
      child.stdout.on('data', (part) => {
        size += part.length;
        if (size > MAX_ANSWER) child.kill('SIGKILL');
        else parts.push(part);
      });
      child.on('close', (code, signal) => {
        try {
          resolve(JSON.parse(Buffer.concat(parts).toString('utf8')));
        } catch {
          reject(new Error(`the watcher ended with ${signal ?? `status ${code}`} and gave no answer: see the log above`));
        }
      });
      child.stdin.end(JSON.stringify({ ...event, deadline_ms: deadline }));
    });
  } finally {
    clearTimeout(alarm);
  }
}

/** A request as the watcher reads it. */
export async function asked(request, kind) {
  const url = new URL(request.url);
  const body = Buffer.from(await request.arrayBuffer());
  return {
    kind,
    method: request.method,
    path: url.pathname,
    query: url.search.replace(/^\?/, ''),
    headers: Object.fromEntries(request.headers),
    body: body.subarray(0, MAX_BODY).toString('base64'),
    base64: true,
  };
}

/** The watcher's answer as the platform wants it. */
export function response({ status, headers, body }) {
  return new Response(body, { status, headers });
}
