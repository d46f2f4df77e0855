// The browser partner: node main.mjs chromium|firefox. Starts the browser on a page of this folder and carries JSON lines
// between it and standard input and output (interop/README.md).
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import puppeteer from 'puppeteer-core';

const CHROMIUM_ARGUMENTS = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync', '--disable-dev-shm-usage', '--disable-background-timer-throttling',
  '--disable-renderer-backgrounding', '--allow-loopback-in-peer-connection',
  '--disable-features=WebRtcHideLocalIpsWithMdns,Translate,MediaRouter',
];

const FIREFOX_PREFERENCES = {
  'media.peerconnection.ice.loopback': true,
  'media.peerconnection.ice.obfuscate_host_addresses': false,
  'app.update.enabled': false,
  'browser.safebrowsing.malware.enabled': false,
  'browser.safebrowsing.phishing.enabled': false,
  'captivedetect.canonicalURL': '',
  'datareporting.healthreport.uploadEnabled': false,
  'datareporting.policy.dataSubmissionEnabled': false,
  'extensions.getAddons.cache.enabled': false,
  'extensions.systemAddon.update.enabled': false,
  'extensions.update.enabled': false,
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false,
  'services.settings.server': 'data:,',
  'toolkit.telemetry.enabled': false,
};

const EXECUTABLES = {
  chromium: [process.env.CHROMIUM, 'chromium', 'chromium-headless-shell'],
  firefox: [process.env.FIREFOX, 'firefox-esr', 'firefox'],
};

function executable(kind) {
  for (const name of EXECUTABLES[kind].filter(Boolean)) {
    const found = spawnSync('sh', ['-c', `command -v "${name}"`]).stdout.toString().trim();
    if (found) return found;
  }
  throw new Error(`no ${kind} here: apt-get install ${EXECUTABLES[kind][1]}`);
}

async function launch(kind, userDataDir) {
  const common = { headless: true, executablePath: executable(kind), userDataDir, protocolTimeout: 60_000 };
  return kind === 'chromium'
    ? puppeteer.launch({ ...common, browser: 'chrome', pipe: true, args: CHROMIUM_ARGUMENTS })
    : puppeteer.launch({ ...common, browser: 'firefox', extraPrefsFirefox: FIREFOX_PREFERENCES });
}

const TYPES = { '/page.html': 'text/html', '/page.js': 'text/javascript', '/pattern.js': 'text/javascript' };

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
  if (!EXECUTABLES[kind]) throw new Error('usage: node main.mjs chromium|firefox');
  const userDataDir = mkdtempSync(join(tmpdir(), `interop-${kind}-`));
  process.on('exit', () => rmSync(userDataDir, { recursive: true, force: true, maxRetries: 3 }));
  let connected;
  const page = new Promise((resolve) => (connected = resolve));
  const server = await serve(connected);
  const browser = await launch(kind, userDataDir);
  const tab = await browser.newPage();
  tab.on('pageerror', (error) => console.error(`${kind}: ${error.message}`));
  await tab.goto(`http://127.0.0.1:${server.address().port}/page.html`);
  const requests = await page;

  for await (const line of createInterface({ input: process.stdin })) {
    if (JSON.parse(line).op === 'vanish') {
      process.kill(browser.process().pid, 'SIGKILL');
      break;
    }
    requests.write(`data: ${line}\n\n`);
  }
  await Promise.race([browser.close().catch(() => {}), new Promise((resolve) => setTimeout(resolve, 3000))]);
  process.exit(0);
}

main(process.argv[2]).catch((error) => {
  console.error(String(error.stack ?? error));
  process.exit(1);
});
