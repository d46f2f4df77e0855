// Further pages in the browser: those of our examples, which do their signalling themselves (interop/README.md).
import { createReadStream } from 'node:fs';
import { createServer } from 'node:http';

/** Decodes what is at this address, from its beginning to its end; no sound card is needed for that. */
const HEAR = async () => {
  const file = await (await fetch('/sound.ogg')).arrayBuffer();
  const sound = await new OfflineAudioContext(2, 1, 48_000).decodeAudioData(file);
  const peak = sound.getChannelData(0).reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return { seconds: sound.duration, peak };
};

export class Tabs {
  constructor(browser) {
    this.browser = browser;
    this.pages = new Map();
  }

  serves({ op }) {
    return ['open', 'evaluate', 'shut', 'hear'].includes(op);
  }

  async serve(request) {
    try {
      return { id: request.id, ok: true, ...(await this[request.op](request)) };
    } catch (error) {
      return { id: request.id, ok: false, error: String(error) };
    }
  }

  async open({ label, url }) {
    const page = await this.browser.newPage();
    this.pages.set(label, page);
    await page.goto(url);
  }

  async evaluate({ label, script }) {
    return { value: await this.pages.get(label).evaluate(script) };
  }

  async shut({ label }) {
    await this.pages.get(label).close();
    this.pages.delete(label);
  }

  /** Decodes a file with sound. */
  async hear({ path }) {
    const server = createServer((request, response) => {
      const is = request.url === '/sound.ogg';
      response.writeHead(200, { 'content-type': is ? 'audio/ogg' : 'text/html' });
      if (is) createReadStream(path).pipe(response);
      else response.end('<!doctype html>');
    });
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    const page = await this.browser.newPage();
    try {
      await page.goto(`http://127.0.0.1:${server.address().port}/`);
      return await page.evaluate(HEAR);
    } finally {
      await page.close();
      server.close();
    }
  }
}
