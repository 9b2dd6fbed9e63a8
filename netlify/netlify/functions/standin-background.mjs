// One watch cycle now, when another watcher asks for it: POST with the bearer token. Netlify answers 202 at once, and
// gives it 15 minutes.
import { asked, tell } from '../lib/standin.mjs';

// A little less than what Netlify gives.
const LIMIT = 14 * 60_000;

export default async (request) => {
  const { status, body } = await tell(await asked(request, 'background'), LIMIT);
  // Nobody hears the answer. Whoever may not ask is no reason for Netlify to try again.
  if (status >= 500) throw new Error(body);
  console.log(status, body);
};

export const config = { background: true };
