// The pattern of interop/README.md: what a burst sends and an expect awaits.

function generator(seed, index) {
  let x = seed ^ Math.imul(index, 0x9e3779b9);
  x ^= x >>> 16;
  x = Math.imul(x, 0x85ebca6b);
  x ^= x >>> 13;
  x = Math.imul(x, 0xc2b2ae35);
  x ^= x >>> 16;
  x = x || 1;
  return () => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return x >>> 0;
  };
}

function sizeOf(index, max, r, s) {
  if (index < 2) return 0;
  if (index < 4) return max;
  if (r % 100 < 70) return Math.min(max, s % 257);
  if (r % 100 < 95) return Math.min(max, s % 16385);
  if (r % 100 < 99) return Math.min(max, s % 65537);
  return max;
}

/** One message of the pattern, as bytes; even indices are text. */
export function message(seed, index, max) {
  const next = generator(seed, index);
  const bytes = new Uint8Array(sizeOf(index, max, next(), next()));
  for (let i = 0; i < bytes.length; i += 4) {
    const value = next();
    for (let j = 0; j < 4 && i + j < bytes.length; j++) bytes[i + j] = value >>> (8 * j);
  }
  const text = index % 2 === 0;
  if (text) {
    for (let i = 0; i < bytes.length; i++) bytes[i] = 97 + (bytes[i] % 26);
    if (bytes.length >= 5) bytes.set([0xc3, 0xa9, 0xe2, 0x82, 0xac]);
  }
  return { bytes, text };
}

/** What messages are compared by: kind, length and FNV-1a. */
function digest(bytes, text) {
  let hash = 0x811c9dc5;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193);
  return `${text ? 't' : 'b'}:${bytes.length}:${hash >>> 0}`;
}

/** Compares what arrives with a pattern. */
export class Checker {
  constructor({ seed, count, max, ordered = true, lossy = false }) {
    Object.assign(this, { ordered, lossy, expected: [], left: new Map(), position: 0 });
    Object.assign(this, { received: 0, bytes: 0, corrupt: 0, disorder: 0, first: '' });
    for (let index = 0; index < count; index++) {
      const { bytes, text } = message(seed, index, max);
      const key = digest(bytes, text);
      this.expected.push(key);
      this.left.set(key, (this.left.get(key) ?? 0) + 1);
    }
  }

  receive(bytes, text) {
    const key = digest(bytes, text);
    const left = this.left.get(key) ?? 0;
    this.received++;
    this.bytes += bytes.length;
    if (left === 0) {
      this.corrupt++;
      this.first ||= `message ${this.received - 1} is not of the pattern or came twice: ${key}`;
      return;
    }
    this.left.set(key, left - 1);
    if (this.ordered && !this.advance(key)) {
      this.disorder++;
      this.first ||= `message ${this.received - 1} is out of order: ${key}`;
    }
  }

  advance(key) {
    for (let i = this.position; i < this.expected.length; i++) {
      if (this.expected[i] === key) {
        this.position = i + 1;
        return true;
      }
      if (!this.lossy) return false;
    }
    return false;
  }

  get complete() {
    return this.received >= this.expected.length;
  }

  verdict() {
    const { received, bytes, corrupt, disorder, first } = this;
    return { received, expected: this.expected.length, bytes, corrupt, disorder, first };
  }
}
