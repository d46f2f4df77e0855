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

async function main(kind, url, screenshot) {
  const browser = await launch(kind);
  const tab = await browser.newPage();
  const errors = [];
  tab.on('pageerror', (error) => errors.push(error.message));
  await tab.setViewport({ width: 1240, height: 1000 });
  await tab.goto(url);
  const seen = { echo: await chat(tab), trials: await throughput(tab), restarted: await restart(tab) };
  // The statistics come once a second.
  await tab.waitForSelector('#stats-rust details', PATIENCE);
  seen.pair = await text(tab, '#fact-pair');
  seen.cipher = await text(tab, '#fact-cipher');
  seen.state = await text(tab, '#badge');
  seen.pings = await text(tab, 'tr[data-ping=ping]');
  seen.errors = errors;
  if (screenshot) await tab.screenshot({ path: screenshot, fullPage: true });
  await close(browser);
  console.log(JSON.stringify(seen));
  const works = seen.state === 'connected' && seen.trials.length === 2 && seen.trials.every(({ mbps }) => mbps > 0);
  return works && errors.length === 0 && seen.echo === 'Rust: hello';
}

main(...process.argv.slice(2)).then(
  (works) => process.exit(works ? 0 : 1),
  (error) => {
    console.error(String(error.stack ?? error));
    process.exit(1);
  },
);
