// Opens the playground's page and uses it as a person would: node playground.mjs chromium|firefox URL [SCREENSHOT].
// Prints one JSON object with what it saw; exits with 1 where something is missing.
import { close, launch } from './browsers.mjs';

const PATIENCE = { timeout: 20_000 };
const text = (tab, selector) => tab.$eval(selector, (element) => element.innerText.trim());

async function chat(tab) {
  await tab.waitForSelector('#chat-text:enabled', PATIENCE);
  await tab.type('#chat-text', 'hello');
  await tab.keyboard.press('Enter');
  await tab.waitForSelector('#chat-log .theirs', PATIENCE);
  return text(tab, '#chat-log .theirs');
}

async function throughput(tab) {
  for (const direction of ['upload', 'download']) {
    await tab.click(`[data-bulk=${direction}]`);
    await tab.waitForSelector(`[data-bulk=${direction}]:disabled`, PATIENCE);
    await tab.waitForSelector(`[data-bulk=${direction}]:enabled`, PATIENCE);
  }
  const rows = await text(tab, '#bulk-results');
  return rows.split('\n').map((row) => row.split('\t')).map(([direction, , , , , mbps]) => ({ direction, mbps: Number(mbps) }));
}

/** Our side selects a pair of the new generation. (Over loopback alone Chromium tells of no candidates at all.) */
async function restart(tab) {
  const pairs = () => [...document.querySelectorAll('#timeline-rust li')].filter((li) => li.innerText.includes('pair ')).length;
  const before = await tab.evaluate(pairs);
  await tab.waitForSelector('#restart:enabled', PATIENCE);
  await tab.click('#restart');
  await tab.waitForFunction(`(${pairs})() > ${before}`, PATIENCE);
  return true;
}

/** What the page shows of the connection once the statistics have come, and what of it is missing. */
async function shown(tab) {
  await tab.waitForSelector('#stats-rust details', PATIENCE);
  await tab.waitForSelector('#stats-browser details', PATIENCE);
  const seen = {};
  const places = {
    pair: '#fact-pair', dtls: '#fact-dtls', cipher: '#fact-cipher', opened: '#fact-open', state: '#badge',
    pings: 'tr[data-ping=ping]', unreliable: 'tr[data-ping=ping-unreliable]',
  };
  for (const [name, selector] of Object.entries(places)) seen[name] = await text(tab, selector);
  const count = (selector) => tab.$$eval(selector, (elements) => elements.length);
  // Chromium tells of no candidates over loopback alone; it is heard all the same.
  seen.candidates = await count('#candidates-rust li');
  seen.steps = [await count('#timeline-browser li'), await count('#timeline-rust li')];
  const wanted = {
    pair: / ↔ /, dtls: /^1\.[23]$/, cipher: /^TLS_/, opened: / ms$/, state: /^connected$/,
    pings: /ms.*[1-9]\d*$/s, unreliable: /ms.*[1-9]\d*$/s, candidates: /^[1-9]/, steps: /^[1-9]\d*,[1-9]/,
  };
  seen.missing = Object.keys(wanted).filter((name) => !wanted[name].test(String(seen[name])));
  return seen;
}

async function main(kind, url, screenshot) {
  const browser = await launch(kind);
  const tab = await browser.newPage();
  const errors = [];
  tab.on('pageerror', (error) => errors.push(error.message));
  // The page works without a network: nothing is asked of anybody else.
  tab.on('request', (request) => {
    if (!request.url().startsWith(url) && !request.url().startsWith('data:')) errors.push(`asked for ${request.url()}`);
  });
  await tab.setViewport({ width: 1240, height: 1000 });
  await tab.goto(url);
  const seen = { echo: await chat(tab), trials: await throughput(tab), restarted: await restart(tab) };
  Object.assign(seen, await shown(tab), { errors });
  if (screenshot) await tab.screenshot({ path: screenshot, fullPage: true });
  await close(browser);
  console.log(JSON.stringify(seen));
  const works = seen.missing.length === 0 && seen.trials.length === 2 && seen.trials.every(({ mbps }) => mbps > 0);
  return works && errors.length === 0 && seen.echo === 'Rust: hello';
}

main(...process.argv.slice(2)).then(
  (works) => process.exit(works ? 0 : 1),
  (error) => {
    console.error(String(error.stack ?? error));
    process.exit(1);
  },
);
