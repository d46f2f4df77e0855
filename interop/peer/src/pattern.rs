//! The messages of a burst, computed on both sides (`interop/README.md`, "The pattern").

/// The xorshift32 stream behind one message.
struct Generator(u32);

impl Generator {
    fn new(seed: u32, index: u32) -> Self {
        let mut x = seed ^ index.wrapping_mul(0x9E37_79B9);
        x ^= x >> 16;
        x = x.wrapping_mul(0x85EB_CA6B);
        x ^= x >> 13;
        x = x.wrapping_mul(0xC2B2_AE35);
        x ^= x >> 16;
        Self(if x == 0 { 1 } else { x })
    }

    fn next(&mut self) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0
    }
}

/// A deterministic sequence of messages.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pattern {
    pub(crate) seed: u32,
    pub(crate) count: u32,
    pub(crate) max: u32,
}

impl Pattern {
    /// The message at `index`, and whether it is text.
    pub(crate) fn message(&self, index: u32) -> (Vec<u8>, bool) {
        let mut generator = Generator::new(self.seed, index);
        let (r, s) = (generator.next(), generator.next());
        let size = self.size(index, r, s) as usize;
        let mut data = Vec::with_capacity(size + 4);
        while data.len() < size {
            data.extend(generator.next().to_le_bytes());
        }
        data.truncate(size);
        let is_text = index % 2 == 0;
        if is_text {
            data.iter_mut().for_each(|byte| *byte = b'a' + *byte % 26);
            if let Some(start) = data.first_chunk_mut::<5>() {
                start.copy_from_slice("é€".as_bytes());
            }
        }
        (data, is_text)
    }

    fn size(&self, index: u32, r: u32, s: u32) -> u32 {
        let size = match (index, r % 100) {
            (0 | 1, _) => 0,
            (2 | 3, _) => self.max,
            (_, 0..70) => s % 257,
            (_, 70..95) => s % 16_385,
            (_, 95..99) => s % 65_537,
            _ => self.max,
        };
        size.min(self.max)
    }
}

/// What messages are compared by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Digest {
    pub(crate) is_text: bool,
    pub(crate) len: usize,
    fnv: u32,
}

impl Digest {
    pub(crate) fn of(data: &[u8], is_text: bool) -> Self {
        let fnv = data.iter().fold(0x811C_9DC5_u32, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193));
        Self { is_text, len: data.len(), fnv }
    }
}
