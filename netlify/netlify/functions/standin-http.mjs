// /standin/health, /standin/status, /standin/tick and /standin/ping/KEY/SLUG.
import { asked, response, tell } from '../lib/standin.mjs';

// Netlify ends a request after 60 seconds; whoever pings waits for less.
const LIMIT = 30_000;

export default async (request) => response(await tell(await asked(request, 'http'), LIMIT));

export const config = { path: '/standin/*' };
