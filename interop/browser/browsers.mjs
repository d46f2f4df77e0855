// Starts Debian's browsers headless, so that they connect over loopback and leave the network alone.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import puppeteer from 'puppeteer-core';

const CHROMIUM_ARGUMENTS = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync', '--disable-dev-shm-usage', '--disable-background-timer-throttling',
  '--disable-renderer-backgrounding', '--allow-loopback-in-peer-connection',
  '--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream', '--autoplay-policy=no-user-gesture-required',
  '--disable-features=WebRtcHideLocalIpsWithMdns,Translate,MediaRouter',
];

const FIREFOX_PREFERENCES = {
  'media.navigator.streams.fake': true,
  'media.navigator.permission.disabled': true,
  'media.autoplay.default': 0,
  'media.peerconnection.ice.loopback': true,
  'media.peerconnection.video.start_bitrate': 2000,
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

/** Starts `chromium` or `firefox` with an empty profile, which goes when this process does. */
export async function launch(kind) {
  if (!EXECUTABLES[kind]) throw new Error(`no such browser: ${kind}; chromium or firefox`);
  const userDataDir = mkdtempSync(join(tmpdir(), `interop-${kind}-`));
  process.on('exit', () => rmSync(userDataDir, { recursive: true, force: true, maxRetries: 3 }));
  const common = { headless: true, executablePath: executable(kind), userDataDir, protocolTimeout: 60_000 };
  return kind === 'chromium'
    ? puppeteer.launch({ ...common, browser: 'chrome', pipe: true, args: CHROMIUM_ARGUMENTS })
    : puppeteer.launch({ ...common, browser: 'firefox', extraPrefsFirefox: FIREFOX_PREFERENCES });
}

/** Closes a browser, or leaves it to its end when that takes too long. */
export async function close(browser) {
  await Promise.race([browser.close().catch(() => {}), new Promise((resolve) => setTimeout(resolve, 3000))]);
}
