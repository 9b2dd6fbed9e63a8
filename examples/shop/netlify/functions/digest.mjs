// The daily digest of the shop, as a scheduled function.
import { line, stock } from '../../src/stock.js';

export default async function digest(request) {
  const { next_run: next } = await request.json().catch(() => ({}));
  console.log(stock.map(line).join('\n'));
  return new Response(`digest sent, next at ${next ?? 'an unknown time'}\n`);
}

export const config = { schedule: '30 6 * * *' };
