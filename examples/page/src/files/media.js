// Camera and microphone, or what stands in for them, and what becomes of them on their way.

/** A stream of the camera and the microphone. What there is not, or is not allowed, is a test pattern and a tone. */
export async function capture({ video = { width: 640, height: 480 }, audio = true, pattern = false } = {}) {
  const stream = new MediaStream();
  const wanted = [video && { video }, audio && { audio }].filter(Boolean);
  for (const constraints of pattern ? [] : wanted) {
    try {
      const found = await navigator.mediaDevices.getUserMedia(constraints);
      found.getTracks().forEach((track) => stream.addTrack(track));
    } catch (error) {
      console.info(`no ${Object.keys(constraints)[0]}: ${error.message}`);
    }
  }
  if (video && !stream.getVideoTracks().length) stream.addTrack(testPattern(video));
  if (audio && !stream.getAudioTracks().length) stream.addTrack(tone());
  return stream;
}

/** Colour bars, a ball that moves and a clock, as a track. */
export function testPattern({ width = 640, height = 480, text = '' } = {}) {
  const canvas = Object.assign(document.createElement('canvas'), { width, height });
  const context = canvas.getContext('2d');
  const bars = ['#fff', '#fe0', '#0dd', '#0c0', '#d0d', '#d00', '#00d'];
  const draw = () => {
    const now = performance.now();
    bars.forEach((colour, i) => {
      context.fillStyle = colour;
      context.fillRect((i * width) / bars.length, 0, width / bars.length + 1, height);
    });
    context.fillStyle = '#111';
    context.fillRect(0, height * 0.75, width, height * 0.25);
    context.beginPath();
    context.arc(width * (0.5 + 0.4 * Math.sin(now / 700)), height * (0.4 + 0.3 * Math.cos(now / 500)), height / 12, 0, 7);
    context.fill();
    context.fillStyle = '#fff';
    context.font = `${height / 9}px monospace`;
    context.fillText(`${text} ${new Date().toISOString().slice(11, 23)}`, width / 20, height * 0.92);
  };
  draw();
  const [track] = canvas.captureStream(30).getVideoTracks();
  const timer = setInterval(() => (track.readyState === 'live' ? draw() : clearInterval(timer)), 33);
  return track;
}

/** A quiet tone as a track. */
export function tone(frequency = 440) {
  const context = new AudioContext();
  const to = context.createMediaStreamDestination();
  const [from, volume] = [context.createOscillator(), context.createGain()];
  from.frequency.value = frequency;
  volume.gain.value = 0.05;
  from.connect(volume).connect(to);
  from.start();
  return to.stream.getAudioTracks()[0];
}

/** Shows the tracks that come in, each in an element of its own inside `place`. */
export function play(pc, place) {
  pc.addEventListener('track', ({ track, transceiver }) => {
    const element = document.createElement(track.kind);
    Object.assign(element, { autoplay: true, controls: true, playsInline: true, muted: track.kind === 'video' });
    element.srcObject = new MediaStream([track]);
    element.dataset.mid = transceiver.mid;
    place.append(element);
  });
}

const COLUMNS = ['', 'codec', 'kbit/s', 'lost', 'jitter', 'RTT', 'picture', 'frames/s'];

/** A table of bitrate, loss, jitter, RTT and resolution of everything that goes out and comes in, twice a second. */
export class Meters {
  constructor(pc, place) {
    this.pc = pc;
    this.before = new Map();
    const table = document.createElement('table');
    const head = table.createTHead().insertRow();
    for (const name of COLUMNS) head.append(Object.assign(document.createElement('th'), { textContent: name }));
    this.body = table.createTBody();
    place.replaceChildren(table);
    this.timer = setInterval(() => this.update(), 500);
  }

  stop() {
    clearInterval(this.timer);
  }

  async update() {
    if (this.pc.connectionState === 'closed') return this.stop();
    const report = await this.pc.getStats();
    const streams = [...report.values()].filter(({ type }) => type === 'outbound-rtp' || type === 'inbound-rtp');
    const rows = streams.map((stream) => this.row(stream, report)).filter(Boolean);
    this.body.replaceChildren(...rows.map((cells) => {
      const row = document.createElement('tr');
      for (const text of cells) row.insertCell().textContent = text;
      return row;
    }));
  }

  row(stream, report) {
    const out = stream.type === 'outbound-rtp';
    const bytes = out ? stream.bytesSent : stream.bytesReceived;
    const before = this.before.get(stream.id);
    this.before.set(stream.id, { bytes, time: stream.timestamp });
    if (bytes === undefined || !before || bytes === 0) return undefined;
    const rate = ((bytes - before.bytes) * 8) / (stream.timestamp - before.time);
    // Of what goes out the other side tells what arrived.
    const told = out ? report.get(stream.remoteId) ?? {} : stream;
    const remote = report.get(stream.remoteId) ?? {};
    const total = out ? stream.packetsSent : stream.packetsReceived + Math.max(stream.packetsLost, 0);
    const time = (seconds) => (seconds === undefined ? '–' : `${(seconds * 1000).toFixed(1)} ms`);
    return [
      `${out ? '→' : '←'} ${stream.kind}${stream.rid ? ` ${stream.rid}` : ''}`,
      report.get(stream.codecId)?.mimeType.split('/')[1] ?? '–',
      Number.isFinite(rate) ? rate.toFixed(0) : '–',
      told.packetsLost === undefined ? '–' : `${told.packetsLost} of ${total}`,
      time(told.jitter),
      time(remote.roundTripTime),
      stream.frameWidth ? `${stream.frameWidth}×${stream.frameHeight}` : '',
      stream.framesPerSecond ?? '',
    ];
  }
}
