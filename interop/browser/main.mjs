// The browser partner: node main.mjs chromium|firefox. Starts the browser on a page of this folder and carries JSON lines
// between it and standard input and output (interop/README.md).
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';
import { close, launch } from './browsers.mjs';
import { Tabs } from './tabs.mjs';

const SCRIPT = 'text/javascript';
const TYPES = { '/page.html': 'text/html', '/page.js': SCRIPT, '/pattern.js': SCRIPT, '/media.js': SCRIPT };

/** Serves the page; `connected` is called with the stream that carries requests to it. */
function serve(connected) {
  const server = createServer((request, response) => {
    if (request.url === '/requests') {
      response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
      response.write(':\n\n');
      connected(response);
    } else if (request.url === '/lines') {
      const parts = [];
      request.on('data', (part) => parts.push(part));
      request.on('end', () => {
        process.stdout.write(Buffer.concat(parts).toString() + '\n');
        response.writeHead(204).end();
      });
    } else if (TYPES[request.url]) {
      response.writeHead(200, { 'content-type': TYPES[request.url] });
      response.end(readFileSync(new URL(`.${request.url}`, import.meta.url)));
    } else {
      response.writeHead(404).end();
    }
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}

async function main(kind) {
  let connected;
  const page = new Promise((resolve) => (connected = resolve));
  const server = await serve(connected);
  const browser = await launch(kind);
  const tab = await browser.newPage();
  tab.on('pageerror', (error) => console.error(`${kind}: ${error.message}`));
  await tab.goto(`http://127.0.0.1:${server.address().port}/page.html`);
  const requests = await page;
  const tabs = new Tabs(browser);

  for await (const line of createInterface({ input: process.stdin })) {
    const request = JSON.parse(line);
    if (tabs.serves(request)) {
      tabs.serve(request).then((reply) => process.stdout.write(`${JSON.stringify(reply)}\n`));
      continue;
    }
    if (request.op === 'vanish') {
      // Its whole group: a process that outlives the first one says goodbye in its place.
      process.kill(-browser.process().pid, 'SIGKILL');
      break;
    }
    requests.write(`data: ${line}\n\n`);
  }
  await close(browser);
  process.exit(0);
}

main(process.argv[2]).catch((error) => {
  console.error(String(error.stack ?? error));
  process.exit(1);
});
