// The partner inside the browser: requests come as server-sent events, replies and events leave by POST (interop/README.md).
import { Media, sendable } from './media.js';
import { Checker, message } from './pattern.js';

const BUFFER_HIGH = 1 << 20;
const BUFFER_LOW = 512 << 10;
const connections = new Map();

// Lines leave in order: one POST at a time takes all that wait.
const waiting = [];
let posting = false;

async function write(object) {
  waiting.push(JSON.stringify(object));
  if (posting) return;
  posting = true;
  while (waiting.length > 0) {
    await fetch('/lines', { method: 'POST', body: waiting.splice(0).join('\n') });
  }
  posting = false;
}

const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
const unhex = (text) => Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

class Connection {
  constructor(name) {
    this.name = name;
    this.channels = new Map();
    this.checkers = new Map();
    const pc = (this.pc = new RTCPeerConnection());
    pc.onicecandidate = ({ candidate }) => this.candidate(candidate);
    pc.onconnectionstatechange = () => this.state('connection', pc.connectionState);
    pc.oniceconnectionstatechange = () => this.state('ice', pc.iceConnectionState);
    this.media = new Media(pc, (object) => this.event(object));
    pc.onsignalingstatechange = () => this.state('signaling', pc.signalingState);
    pc.ondatachannel = ({ channel }) => {
      this.event(describe('channel', channel));
      this.adopt(channel);
      if (channel.readyState === 'open') this.event(describe('open', channel));
    };
  }

  event(object) {
    write({ pc: this.name, ...object });
  }

  state(kind, state) {
    this.event({ ev: 'state', kind, state });
  }

  candidate(candidate) {
    const { candidate: text = '', sdpMid = null, sdpMLineIndex = null } = candidate ?? {};
    this.event({ ev: 'candidate', candidate: text, sdpMid, sdpMLineIndex });
  }

  adopt(channel) {
    const { label } = channel;
    let opened = channel.readyState === 'open';
    this.channels.set(label, channel);
    channel.binaryType = 'arraybuffer';
    channel.bufferedAmountLowThreshold = BUFFER_LOW;
    channel.onopen = () => opened || ((opened = true), this.event(describe('open', channel)));
    channel.onclose = () => this.event({ ev: 'closed', label });
    channel.onmessage = ({ data }) => this.message(label, data);
  }

  message(label, data) {
    const text = typeof data === 'string';
    const bytes = text ? new TextEncoder().encode(data) : new Uint8Array(data);
    const checker = this.checkers.get(label);
    if (!checker) {
      const body = text ? { text: data.slice(0, 4096) } : { hex: hex(bytes.subarray(0, 4096)) };
      this.event({ ev: 'message', label, ...body });
      return;
    }
    checker.receive(bytes, text);
    if (checker.complete && !checker.reported) {
      checker.reported = true;
      this.event({ ev: 'verified', label, ...checker.verdict() });
    }
  }

  channel({ label }) {
    const channel = this.channels.get(label);
    if (!channel) throw new Error(`no channel ${label}`);
    return channel;
  }

  async offer() {
    await this.pc.setLocalDescription(await this.pc.createOffer());
    return { sdp: this.pc.localDescription.sdp };
  }

  async restart() {
    this.pc.restartIce();
    return this.offer();
  }

  async answer({ sdp }) {
    await this.pc.setRemoteDescription({ type: 'offer', sdp });
    await this.media.attach();
    await this.pc.setLocalDescription(await this.pc.createAnswer());
    return { sdp: this.pc.localDescription.sdp };
  }

  async accept({ sdp }) {
    await this.pc.setRemoteDescription({ type: 'answer', sdp });
  }

  async addCandidate({ candidate, sdpMid, sdpMLineIndex }) {
    await this.pc.addIceCandidate(candidate ? { candidate, sdpMid, sdpMLineIndex } : undefined);
  }

  open({ label, ordered = true, maxRetransmits, maxPacketLifeTime, protocol = '', negotiated }) {
    const init = { ordered, protocol };
    if (maxRetransmits != null) init.maxRetransmits = maxRetransmits;
    if (maxPacketLifeTime != null) init.maxPacketLifeTime = maxPacketLifeTime;
    if (negotiated != null) Object.assign(init, { negotiated: true, id: negotiated });
    this.adopt(this.pc.createDataChannel(label, init));
  }

  async burst(request) {
    const { seed, count, max, gapMs = 0 } = request;
    const channel = this.channel(request);
    const decoder = new TextDecoder();
    let total = 0;
    for (let index = 0; index < count; index++) {
      const { bytes, text } = message(seed, index, max);
      channel.send(text ? decoder.decode(bytes) : bytes);
      total += bytes.length;
      if (channel.bufferedAmount > BUFFER_HIGH) await drained(channel);
      if (gapMs > 0 && index % 10 === 9) await sleep(gapMs);
    }
    while (channel.bufferedAmount > 0 && channel.readyState === 'open') await sleep(2);
    return { messages: count, bytes: total };
  }

  expect(request) {
    this.checkers.set(request.label, new Checker(request));
  }

  verdict({ label }) {
    return this.checkers.get(label).verdict();
  }

  close({ label }) {
    if (label) this.channels.get(label).close();
    else {
      this.media.close();
      this.pc.close();
    }
  }

  async stats() {
    const result = { iceState: this.pc.iceConnectionState, connectionState: this.pc.connectionState };
    result.localUfrag = this.pc.localDescription?.sdp.match(/a=ice-ufrag:(\S+)/)?.[1];
    const report = await this.pc.getStats();
    for (const entry of report.values()) {
      if (entry.type === 'transport') {
        result.dtlsVersion = entry.tlsVersion;
        result.dtlsCipher = entry.dtlsCipher;
      }
      if (entry.type === 'candidate-pair' && (entry.nominated || entry.selected)) {
        const { bytesSent, bytesReceived } = entry;
        Object.assign(result, { bytesSent, bytesReceived });
        result.localCandidate = place(report.get(entry.localCandidateId));
        result.remoteCandidate = place(report.get(entry.remoteCandidateId));
      }
    }
    return result;
  }
}

const place = (candidate) => candidate && `${candidate.candidateType} ${candidate.address}:${candidate.port}`;

function describe(ev, channel) {
  const { label, ordered, maxRetransmits, maxPacketLifeTime, protocol, negotiated, id } = channel;
  return { ev, label, ordered, maxRetransmits, maxPacketLifeTime, protocol, negotiated, stream: id };
}

function drained(channel) {
  return new Promise((resolve, reject) => {
    channel.addEventListener('bufferedamountlow', resolve, { once: true });
    channel.addEventListener('close', () => reject(new Error('closed meanwhile')), { once: true });
  });
}

// Names of the protocol that are not names of methods here.
const METHODS = { candidate: 'addCandidate', channel: 'open', media: 'report' };
const OPS = new Set(
  'offer answer accept restart candidate channel burst expect verdict close stats send track untrack swap stop media'.split(' '),
);

Connection.prototype.send = function ({ label, text, hex: digits }) {
  this.channel({ label }).send(text ?? unhex(digits));
};

for (const op of ['track', 'untrack', 'swap', 'stop']) {
  Connection.prototype[op] = function (request) {
    return this.media[op](request);
  };
}

Connection.prototype.report = function () {
  return this.media.report();
};

async function serve(request) {
  if (request.op === 'hello') return identity();
  if (request.op === 'codecs') return sendable(request.kind);
  if (request.op === 'new') return void connections.set(request.pc, new Connection(request.pc));
  const connection = connections.get(request.pc);
  if (!connection) throw new Error(`no connection ${request.pc}`);
  if (!OPS.has(request.op)) throw new Error(`no operation ${request.op}`);
  return connection[METHODS[request.op] ?? request.op](request);
}

function identity() {
  const [, name, version] = navigator.userAgent.match(/(Firefox|Chrome)\/([\d.]+)/);
  return { name: name === 'Chrome' ? 'chromium' : 'firefox', version };
}

const source = new EventSource('/requests');
source.onmessage = async ({ data }) => {
  const request = JSON.parse(data);
  try {
    const result = await serve(request);
    write({ id: request.id, ok: true, ...result });
  } catch (error) {
    write({ id: request.id, ok: false, error: String(error) });
  }
};
