// Tracks of the fake camera and microphone, and what the browser counts of them (interop/README.md).

const SIZE = { width: 640, height: 480 };
/** What is told of a stream, where the browser knows it. */
const COUNTERS = [
  'kind', 'mid', 'rid', 'ssrc', 'packetsReceived', 'packetsLost', 'packetsDiscarded', 'framesReceived', 'framesDecoded',
  'framesDropped', 'keyFramesDecoded', 'frameWidth', 'frameHeight', 'freezeCount', 'nackCount', 'pliCount', 'firCount',
  'retransmittedPacketsReceived', 'concealedSamples', 'totalSamplesReceived', 'totalAudioEnergy', 'decoderImplementation',
  'packetsSent', 'retransmittedPacketsSent', 'framesEncoded', 'keyFramesEncoded', 'encoderImplementation',
  'qualityLimitationReason', 'targetBitrate', 'active', 'roundTripTime', 'fractionLost', 'jitter',
];

async function capture(kind, { width = SIZE.width, height = SIZE.height }) {
  const constraints = kind === 'video' ? { video: { width, height } } : { audio: true };
  const stream = await navigator.mediaDevices.getUserMedia(constraints);
  return { stream, track: stream.getTracks()[0] };
}

/** The codecs of these names in this order, with retransmission. */
function codecs(kind, names) {
  const all = RTCRtpReceiver.getCapabilities(kind).codecs;
  const named = (name) => all.filter(({ mimeType }) => mimeType.toLowerCase() === `${kind}/${name}`.toLowerCase());
  const missing = names.filter((name) => named(name).length === 0);
  if (missing.length > 0) throw new Error(`no codec ${missing.join()}`);
  return [...names, 'rtx'].flatMap(named);
}

/** The names of the codecs that can be sent. */
export function sendable(kind) {
  const all = RTCRtpSender.getCapabilities(kind).codecs;
  return { names: [...new Set(all.map(({ mimeType }) => mimeType.split('/')[1]))] };
}

/** Layers so small that all of them fit what a browser takes for granted at the start, about 900 kbit/s. */
const layer = (index, count) => ({
  scaleResolutionDownBy: 2 ** (count - 1 - index), maxBitrate: 50_000 * 3 ** index,
});

/** The tracks of one connection. */
export class Media {
  constructor(pc, tell) {
    Object.assign(this, { pc, senders: new Map(), elements: new Map(), late: [] });
    pc.ontrack = ({ track, transceiver }) => {
      this.show(track);
      track.onmute = () => tell({ ev: 'mute', mid: transceiver.mid });
      track.onended = () => tell({ ev: 'ended', mid: transceiver.mid });
      tell({ ev: 'track', mid: transceiver.mid });
    };
  }

  /** Plays a track, as a page would. */
  show(track) {
    const element = document.createElement(track.kind);
    element.autoplay = true;
    element.muted = track.kind === 'video';
    element.srcObject = new MediaStream([track]);
    element.play().catch(() => {});
    document.body.append(element);
    this.elements.get(track)?.remove();
    this.elements.set(track, element);
  }

  async track(request) {
    const { label, kind, rids = [], codecs: names = [] } = request;
    const { stream, track } = await capture(kind, request);
    if (request.late) {
      this.late.push({ label, track });
      return;
    }
    let sender;
    if (rids.length > 0) {
      const sendEncodings = rids.map((rid, index) => ({
        rid, ...layer(index, rids.length),
      }));
      sender = this.pc.addTransceiver(track, { streams: [stream], sendEncodings }).sender;
    } else {
      sender = this.pc.addTrack(track, stream);
    }
    this.senders.set(label, sender);
    if (names.length > 0) {
      const transceiver = this.pc.getTransceivers().find((one) => one.sender === sender);
      transceiver.setCodecPreferences(codecs(kind, names));
    }
  }

  /** Layers that an offer asks for are those of a transceiver that the offer makes: its sender gets the track. */
  async attach() {
    for (const { label, track } of this.late.splice(0)) {
      const fits = ({ sender, receiver }) => !sender.track && receiver.track.kind === track.kind;
      const transceiver = this.pc.getTransceivers().find(fits);
      await transceiver.sender.replaceTrack(track);
      transceiver.direction = 'sendrecv';
      this.senders.set(label, transceiver.sender);
      const parameters = transceiver.sender.getParameters();
      parameters.encodings.forEach((encoding, index) => {
        Object.assign(encoding, layer(index, parameters.encodings.length));
      });
      await transceiver.sender.setParameters(parameters);
    }
  }

  untrack({ label }) {
    const sender = this.senders.get(label);
    sender.track?.stop();
    this.pc.removeTrack(sender);
    this.senders.delete(label);
  }

  stop({ label }) {
    const sender = this.senders.get(label);
    sender.track?.stop();
    this.pc.getTransceivers().find((one) => one.sender === sender).stop();
    this.senders.delete(label);
  }

  async swap(request) {
    const sender = this.senders.get(request.label);
    const before = sender.track;
    const { track } = await capture(before.kind, request);
    await sender.replaceTrack(track);
    before.stop();
  }

  async report() {
    const report = await this.pc.getStats();
    const result = { inbound: [], outbound: [], remoteInbound: [] };
    const lists = {
      'inbound-rtp': result.inbound, 'outbound-rtp': result.outbound, 'remote-inbound-rtp': result.remoteInbound,
    };
    for (const entry of report.values()) {
      if (entry.type === 'transport') Object.assign(result, { srtpCipher: entry.srtpCipher });
      if (!lists[entry.type]) continue;
      const told = Object.fromEntries(COUNTERS.filter((key) => entry[key] != null).map((key) => [key, entry[key]]));
      told.codec = report.get(entry.codecId)?.mimeType;
      lists[entry.type].push(told);
    }
    return result;
  }

  close() {
    for (const sender of this.senders.values()) sender.track?.stop();
    for (const element of this.elements.values()) element.remove();
  }
}
