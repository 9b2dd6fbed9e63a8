// The shop's page, on this machine only. PORT=0 takes any free port.
import { createServer } from 'node:http';
import { line, stock } from './stock.js';

const started = Date.now();

const server = createServer((request, response) => {
  if (request.url === '/health') {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ ok: true, uptime: Math.round((Date.now() - started) / 1000) }));
    return;
  }
  response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8' });
  response.end(`${stock.map(line).join('\n')}\n`);
});

server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`the shop is open at http://127.0.0.1:${server.address().port}`);
});

process.on('SIGINT', () => server.close(() => process.exit(0)));
