// The ping graph and the throughput test. What the channels carry is described in examples/playground/README.md.
import { Graph } from './graph.js';

const PING_EVERY = 200;
const PING_LOST_AFTER = 2000;
const PINGS_KEPT = 500;
const TRIAL_SECONDS = 5;
const BUFFER_HIGH = 4 << 20;
const BUFFER_LOW = 1 << 20;

const $ = (selector) => document.querySelector(selector);
const mbits = (bytes, ms) => (bytes * 8) / 1000 / ms;

/** Round trips over a reliable and an unreliable channel: 4 bytes of sequence number, 8 of time, echoed as they are. */
export class Pings {
  constructor(channels) {
    this.graph = new Graph($('#ping-graph'), {
      series: { ping: '--a', 'ping-unreliable': '--b' }, window: 20_000, unit: 'ms',
    });
    this.lanes = channels.map((channel) => new Lane(channel, this.graph));
    this.timer = setInterval(() => this.lanes.forEach((lane) => lane.tick()), PING_EVERY);
  }

  stop() {
    clearInterval(this.timer);
  }
}

class Lane {
  constructor(channel, graph) {
    Object.assign(this, { channel, graph, sequence: 0, lost: 0, pending: new Map(), times: [] });
    this.cells = document.querySelectorAll(`tr[data-ping="${channel.label}"] td`);
    channel.addEventListener('message', ({ data }) => this.pong(new DataView(data)));
  }

  tick() {
    if (this.channel.readyState !== 'open') return;
    const now = performance.now();
    if (this.channel.maxRetransmits !== null) this.giveUp(now);
    const view = new DataView(new ArrayBuffer(12));
    view.setUint32(0, ++this.sequence);
    view.setFloat64(4, now);
    this.pending.set(this.sequence, now);
    this.channel.send(view.buffer);
    this.show();
  }

  /** What may be lost is, when it has not come back for long. */
  giveUp(now) {
    for (const [sequence, time] of this.pending) {
      if (now - time > PING_LOST_AFTER) this.lost += this.pending.delete(sequence);
    }
  }

  pong(view) {
    if (!this.pending.delete(view.getUint32(0))) return;
    const time = performance.now() - view.getFloat64(4);
    this.times.push(time);
    if (this.times.length > PINGS_KEPT) this.times.shift();
    this.graph.add(this.channel.label, time);
  }

  show() {
    const sorted = this.times.toSorted((a, b) => a - b);
    const at = (share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
    const text = (value) => (value === undefined ? '–' : `${value.toFixed(2)} ms`);
    const lost = this.sequence ? `${((100 * this.lost) / this.sequence).toFixed(1)} %` : '–';
    [text(at(0.5)), text(at(0.99)), lost, this.sequence].forEach((value, i) => (this.cells[i].textContent = value));
  }
}

/** One direction at a time, for a few seconds, over the channel that is ticked. */
export class Throughput {
  constructor(control, channels) {
    Object.assign(this, { control, channels, trial: undefined });
    this.graph = new Graph($('#bulk-graph'), {
      series: { upload: '--a', download: '--b' }, window: (TRIAL_SECONDS + 1) * 1000, unit: 'Mbit/s',
    });
    this.buttons = document.querySelectorAll('[data-bulk]');
    for (const button of this.buttons) {
      button.disabled = false;
      button.onclick = () => this.run(button.dataset.bulk);
    }
    control.addEventListener('message', ({ data }) => this.trial?.told(JSON.parse(data)));
    for (const channel of channels.values()) {
      channel.bufferedAmountLowThreshold = BUFFER_LOW;
      channel.addEventListener('message', ({ data }) => this.trial?.took(data.byteLength));
    }
  }

  async run(direction) {
    const label = $('#bulk-unreliable').checked ? 'bulk-unreliable' : 'bulk';
    const size = Number($('#bulk-size').value);
    this.buttons.forEach((button) => (button.disabled = true));
    this.graph.clear();
    this.trial = new Trial(this, direction, this.channels.get(label), size);
    try {
      report(await this.trial.run());
    } finally {
      this.trial = undefined;
      this.buttons.forEach((button) => (button.disabled = this.control.readyState !== 'open'));
    }
  }
}

class Trial {
  constructor({ control, graph }, direction, channel, size) {
    Object.assign(this, { control, graph, direction, channel, size });
    Object.assign(this, { bytes: 0, messages: 0, sampled: 0, sampledAt: performance.now() });
    this.done = new Promise((resolve) => (this.finish = resolve));
  }

  tell(op) {
    const { size, channel } = this;
    this.control.send(JSON.stringify({ op: `${this.direction}-${op}`, channel: channel.label, size, seconds: TRIAL_SECONDS }));
  }

  /** What the other side says: its progress when we send, the totals when it has sent all. */
  told(message) {
    if (message.channel !== this.channel.label) return;
    if (message.op === 'progress') this.sample(message.bytes);
    if (message.op === `${this.direction}-done`) this.finish(message);
  }

  took(bytes) {
    this.bytes += bytes;
    this.messages += 1;
  }

  sample(bytes) {
    const now = performance.now();
    const rate = mbits(bytes - this.sampled, now - this.sampledAt);
    Object.assign(this, { sampled: bytes, sampledAt: now });
    this.graph.add(this.direction, rate, now);
    $('#bulk-now').textContent = `${rate.toFixed(0)} Mbit/s`;
  }

  async run() {
    const started = performance.now();
    this.tell('start');
    const sent = this.direction === 'upload' ? await this.upload(started) : await this.download();
    $('#bulk-now').textContent = '';
    const ms = sent.ms ?? performance.now() - started;
    return { direction: this.direction, label: this.channel.label, size: this.size, ms, ...sent };
  }

  async upload(started) {
    const block = new Uint8Array(this.size);
    let messages = 0;
    while (performance.now() - started < TRIAL_SECONDS * 1000 && this.channel.readyState === 'open') {
      for (let i = 0; i < 64 && this.channel.bufferedAmount < BUFFER_HIGH; i++, messages++) this.channel.send(block);
      await room(this.channel);
    }
    while (this.channel.bufferedAmount > 0 && this.channel.readyState === 'open') await pause(10);
    this.tell('stop');
    const theirs = await this.done;
    return { bytes: theirs.bytes, ms: theirs.ms, lost: 1 - theirs.messages / messages };
  }

  async download() {
    const timer = setInterval(() => this.sample(this.bytes), 250);
    const theirs = await this.done;
    await pause(200);
    clearInterval(timer);
    return { bytes: this.bytes, ms: theirs.ms, lost: 1 - this.messages / theirs.messages };
  }
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Resolves when there is room to send; in a task of its own, so that the page stays alive. */
function room(channel) {
  if (channel.bufferedAmount < BUFFER_HIGH) return pause(0);
  return new Promise((resolve) => {
    channel.addEventListener('bufferedamountlow', resolve, { once: true });
    channel.addEventListener('close', resolve, { once: true });
  });
}

function report({ direction, label, size, ms, bytes, lost }) {
  const row = document.createElement('tr');
  const arrow = direction === 'upload' ? 'browser → Rust' : 'Rust → browser';
  const kind = label === 'bulk' ? 'reliable' : 'unreliable';
  const cells = [
    arrow, kind, `${size / 1024} KiB`, (ms / 1000).toFixed(1), (bytes / 1e6).toFixed(1), mbits(bytes, ms).toFixed(0),
    `${(100 * Math.max(0, lost)).toFixed(1)} %`,
  ];
  for (const text of cells) row.insertCell().textContent = text;
  $('#bulk-results').prepend(row);
}
