// Connects to the program that served this page and shows what happens. The signalling is plain HTTP: an offer is posted, the
// answer comes back, candidates go both ways as they are found (examples/playground/README.md).
import { Studio } from './studio.js';
import { Pings, Throughput } from './trials.js';

const $ = (selector) => document.querySelector(selector);
const UNRELIABLE = { ordered: false, maxRetransmits: 0 };

// The servers of --ice-server: a browser behind a NAT of its own needs them as much as the other side does.
const configuration = await (await fetch('api/configuration')).json();

async function post(path, body) {
  const response = await fetch(path, {
    method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${path}: ${(await response.text()) || response.status}`);
  return response.status === 204 ? undefined : response.json();
}

class Session {
  constructor() {
    this.started = performance.now();
    this.early = [];
    for (const id of ['timeline-browser', 'timeline-rust', 'candidates-browser', 'candidates-rust']) $(`#${id}`).replaceChildren();
    const pc = (this.pc = new RTCPeerConnection(configuration));
    pc.onconnectionstatechange = () => this.state();
    pc.oniceconnectionstatechange = () => this.note('browser', `ICE ${pc.iceConnectionState}`);
    pc.onicegatheringstatechange = () => this.note('browser', `gathering ${pc.iceGatheringState}`);
    pc.onsignalingstatechange = () => this.note('browser', `signaling ${pc.signalingState}`);
    pc.onicecandidate = ({ candidate }) => this.found(candidate);
    this.channels();
    this.studio = new Studio(pc, () => this.negotiate());
  }

  channels() {
    const open = (label, init) => {
      const channel = this.pc.createDataChannel(label, init);
      channel.binaryType = 'arraybuffer';
      return channel;
    };
    this.chat = open('chat');
    this.control = open('control');
    this.pings = [open('ping'), open('ping-unreliable', UNRELIABLE)];
    this.bulk = new Map([open('bulk'), open('bulk-unreliable', UNRELIABLE)].map((channel) => [channel.label, channel]));
    this.chat.onopen = () => this.opened();
    this.chat.onmessage = ({ data }) => say('theirs', data);
    this.control.onopen = () => (this.throughput = new Throughput(this.control, this.bulk));
  }

  async start() {
    await this.pc.setLocalDescription();
    const { id, sdp } = await post('api/offer', { sdp: this.pc.localDescription.sdp });
    this.id = id;
    this.listen();
    await this.pc.setRemoteDescription({ type: 'answer', sdp });
    for (const candidate of this.early.splice(0)) this.sendCandidate(candidate);
    for (const line of sdp.split(/\r?\n/).filter((line) => line.startsWith('a=candidate:'))) item('#candidates-rust', line.slice(2));
    this.timer = setInterval(() => this.statistics(), 1000);
  }

  restart() {
    this.pc.restartIce();
    return this.negotiate();
  }

  /** Another offer for the same connection. */
  async negotiate() {
    await this.pc.setLocalDescription();
    const { sdp } = await post(`api/offer/${this.id}`, { sdp: this.pc.localDescription.sdp });
    await this.pc.setRemoteDescription({ type: 'answer', sdp });
  }

  found(candidate) {
    if (candidate?.candidate) item('#candidates-browser', candidate.candidate);
    const { candidate: text = '', sdpMid = null, sdpMLineIndex = null } = candidate ?? {};
    const body = { candidate: text, sdpMid, sdpMLineIndex };
    if (this.id === undefined) this.early.push(body);
    else this.sendCandidate(body);
  }

  sendCandidate(body) {
    post(`api/candidates/${this.id}`, body).catch((error) => problem(error.message));
  }

  /** What the other side tells: its candidates, states and statistics, as server-sent events. */
  listen() {
    const source = (this.source = new EventSource(`api/events/${this.id}`));
    const on = (name, act) => source.addEventListener(name, ({ data }) => act(JSON.parse(data)));
    on('candidate', (candidate) => {
      if (candidate.candidate) item('#candidates-rust', candidate.candidate);
      this.pc.addIceCandidate(candidate.candidate ? candidate : undefined).catch((error) => problem(error.message));
    });
    on('timeline', ({ step, ms }) => entry('#timeline-rust', step, ms));
    on('problem', ({ reason }) => problem(`The other side says: ${reason}`));
    on('studio', (studio) => this.studio.describe(studio));
    on('stats', (entries) => tables('#stats-rust', entries));
    source.onerror = () => this.pc.connectionState === 'closed' && source.close();
  }

  note(side, text) {
    entry(`#timeline-${side}`, text, performance.now() - this.started);
  }

  state() {
    const state = this.pc.connectionState;
    this.note('browser', `connection ${state}`);
    $('#badge').textContent = $('#badge').dataset.state = state;
    $('#restart').disabled = state === 'new' || state === 'closed' || this.id === undefined;
    if (state === 'failed') problem('The connection failed: no pair of candidates worked, or the other side is gone.');
  }

  opened() {
    this.note('browser', 'channel open');
    $('#fact-open').textContent = `${(performance.now() - this.started).toFixed(0)} ms`;
    for (const element of document.querySelectorAll('#chat-form *')) element.disabled = false;
    this.ping = new Pings(this.pings);
    this.studio.open();
    this.chat.onclose = () => {
      this.note('browser', 'channel closed');
      for (const element of document.querySelectorAll('#chat-form *, [data-bulk]')) element.disabled = true;
    };
  }

  async statistics() {
    const report = await this.pc.getStats();
    const entries = [...report.values()];
    tables('#stats-browser', entries.filter(({ type }) => !['codec', 'certificate'].includes(type)));
    const transport = entries.find(({ type }) => type === 'transport');
    const pair = report.get(transport?.selectedCandidatePairId) ?? entries.find((e) => e.type === 'candidate-pair' && e.selected);
    if (pair) {
      const place = (id) => {
        const { address, port, candidateType } = report.get(id) ?? {};
        return `${address || 'hidden'}:${port} (${candidateType})`;
      };
      $('#fact-pair').textContent = `${place(pair.localCandidateId)} ↔ ${place(pair.remoteCandidateId)}`;
    }
    $('#fact-dtls').textContent = { FEFD: '1.2', FEFC: '1.3' }[transport?.tlsVersion] ?? '–';
    $('#fact-cipher').textContent = transport?.dtlsCipher ?? '–';
  }

  stop() {
    clearInterval(this.timer);
    this.ping?.stop();
    this.studio.close();
    this.source?.close();
    this.pc.close();
    if (this.id !== undefined) navigator.sendBeacon(`api/close/${this.id}`);
  }
}

function item(selector, text) {
  const element = document.createElement('li');
  element.textContent = text;
  $(selector).append(element);
}

function entry(selector, text, ms) {
  const element = document.createElement('li');
  const time = document.createElement('time');
  time.textContent = `${ms.toFixed(1)} ms`;
  element.append(time, text);
  $(selector).append(element);
}

function problem(text) {
  $('#problem').textContent = text;
  $('#problem').hidden = false;
}

function say(whose, text) {
  const line = document.createElement('p');
  line.className = whose;
  line.textContent = `${whose === 'ours' ? 'you' : 'Rust'}: ${text}`;
  $('#chat-log').append(line);
  $('#chat-log').scrollTop = $('#chat-log').scrollHeight;
}

const ORDER = ['inbound-rtp', 'outbound-rtp', 'transport', 'candidate-pair', 'local-candidate', 'remote-candidate', 'data-channel'];
const rank = ({ type }) => (ORDER.indexOf(type) + ORDER.length + 1) % (ORDER.length + 1);

/** One folded table an entry; those that were open stay open. */
function tables(selector, entries) {
  const place = $(selector);
  const open = new Set([...place.querySelectorAll('details[open]')].map((element) => element.dataset.id));
  place.replaceChildren(...entries.toSorted((a, b) => rank(a) - rank(b)).map((stats) => {
    const details = document.createElement('details');
    details.dataset.id = stats.id;
    details.open = open.has(stats.id);
    const summary = document.createElement('summary');
    summary.textContent = [stats.type, stats.label ?? stats.kind, stats.candidateType, stats.state].filter(Boolean).join(' · ');
    const table = document.createElement('table');
    for (const [key, value] of Object.entries(stats)) {
      if (['id', 'type', 'timestamp'].includes(key)) continue;
      const row = table.insertRow();
      row.insertCell().textContent = key;
      row.insertCell().textContent = typeof value === 'object' ? JSON.stringify(value) : value;
    }
    details.append(summary, table);
    return details;
  }));
}

let session;

function connect() {
  session?.stop();
  $('#problem').hidden = true;
  session = new Session();
  window.pc = session.pc;
  session.start().catch((error) => problem(error.message));
}

const attempt = (act) => () => act().catch((error) => problem(error.message));
$('#again').onclick = connect;
$('#media-camera').onclick = attempt(() => session.studio.send(false));
$('#media-pattern').onclick = attempt(() => session.studio.send(true));
$('#media-watch').onclick = attempt(() => session.studio.watch());
$('#media-stop').onclick = attempt(() => session.studio.stop());
$('#restart').onclick = () => session.restart().catch((error) => problem(error.message));
$('#chat-form').onsubmit = (event) => {
  event.preventDefault();
  const text = $('#chat-text').value;
  if (!text || session.chat.readyState !== 'open') return;
  say('ours', text);
  session.chat.send(text);
  $('#chat-text').value = '';
};
addEventListener('pagehide', () => session?.stop());
connect();
