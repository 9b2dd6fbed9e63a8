// One watch cycle, each five minutes. Netlify starts it by its schedule alone: nobody can call it over HTTP.
import { tell } from '../lib/standin.mjs';

// Netlify ends a scheduled function after 30 seconds.
const LIMIT = 29_000;

export default async () => {
  const { status, body } = await tell({ kind: 'schedule' }, LIMIT);
  // An error is seen in the function's log, and counts as a failed run there.
  if (status !== 200) throw new Error(body);
  console.log(body);
};

export const config = { schedule: '*/5 * * * *' };
