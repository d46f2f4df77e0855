// Audio and video of the page: what it sends, what comes back or is played to it, and how that fares.
import { Meters, capture } from './media.js';

const $ = (selector) => document.querySelector(selector);
const BUTTONS = ['#media-camera', '#media-pattern', '#media-watch', '#media-stop'];

export class Studio {
  /** `negotiate` makes another offer. */
  constructor(pc, negotiate) {
    Object.assign(this, { pc, negotiate, tracks: [] });
    pc.addEventListener('track', ({ track }) => this.show(track, 'from Rust'));
    $('#media-views').replaceChildren();
    $('#media-meters').replaceChildren();
    this.enable(false, false);
  }

  /** What the program says that it does: `{play: [file], record: folder}`. */
  describe({ play, record }) {
    $('#media-watch').hidden = play.length === 0;
    const back = play.length ? `Rust plays ${play.join(' and ')}.` : 'What is sent comes back.';
    $('#media-note').textContent = record ? `${back} It is recorded in ${record}.` : back;
  }

  open() {
    this.enable(true, false);
  }

  enable(start, stop) {
    for (const button of BUTTONS) $(button).disabled = button === '#media-stop' ? !stop : !start;
  }

  async send(pattern) {
    this.enable(false, false);
    const stream = await capture({ pattern });
    this.tracks = stream.getTracks();
    for (const track of this.tracks) {
      this.pc.addTransceiver(track, { streams: [stream], direction: 'sendrecv' });
      if (track.kind === 'video') this.show(track, 'from this page');
    }
    await this.begin();
  }

  async watch() {
    this.enable(false, false);
    for (const kind of ['audio', 'video']) this.pc.addTransceiver(kind, { direction: 'recvonly' });
    await this.begin();
  }

  async begin() {
    this.meters = new Meters(this.pc, $('#media-meters'));
    await this.negotiate();
    this.enable(false, true);
  }

  async stop() {
    this.enable(false, false);
    this.close();
    for (const transceiver of this.pc.getTransceivers()) transceiver.stop();
    await this.negotiate();
    $('#media-views').replaceChildren();
    $('#media-meters').replaceChildren();
    this.enable(true, false);
  }

  close() {
    this.meters?.stop();
    for (const track of this.tracks.splice(0)) track.stop();
  }

  show(track, caption) {
    const figure = document.createElement('figure');
    const element = document.createElement(track.kind);
    Object.assign(element, { autoplay: true, controls: true, playsInline: true, muted: track.kind === 'video' });
    element.srcObject = new MediaStream([track]);
    figure.append(element, Object.assign(document.createElement('figcaption'), { textContent: `${track.kind} ${caption}` }));
    $('#media-views').append(figure);
  }
}
