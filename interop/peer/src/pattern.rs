//! The pattern of `interop/README.md`: what a burst sends and an expect awaits.

use std::collections::HashMap;

use bytes::Bytes;
use serde_json::{Value, json};
use webrtc::Kind;

/// The xorshift32 stream behind one message.
#[derive(Debug)]
struct Generator(u32);

impl Generator {
    fn new(seed: u32, index: u32) -> Self {
        let mut x = seed ^ index.wrapping_mul(0x9E37_79B9);
        x ^= x >> 16;
        x = x.wrapping_mul(0x85EB_CA6B);
        x ^= x >> 13;
        x = x.wrapping_mul(0xC2B2_AE35);
        x ^= x >> 16;
        Self(x.max(1))
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
    /// One message; even indices are text.
    pub(crate) fn message(self, index: u32) -> (Kind, Bytes) {
        let mut generator = Generator::new(self.seed, index);
        let (r, s) = (generator.next(), generator.next());
        let mut data = vec![0; usize::try_from(self.size(index, r, s)).unwrap_or_default()];
        for chunk in data.chunks_mut(4) {
            for (byte, value) in chunk.iter_mut().zip(generator.next().to_le_bytes()) {
                *byte = value;
            }
        }
        if index % 2 == 1 {
            return (Kind::Binary, data.into());
        }
        for byte in &mut data {
            *byte = b'a' + *byte % 26;
        }
        if let Some(head) = data.first_chunk_mut() {
            *head = *b"\xC3\xA9\xE2\x82\xAC";
        }
        (Kind::Text, data.into())
    }

    fn size(self, index: u32, r: u32, s: u32) -> u32 {
        let size = match (index, r % 100) {
            (0 | 1, _) => 0,
            (2 | 3, _) => self.max,
            (_, 0..70) => s % 257,
            (_, 70..95) => s % 16_385,
            (_, 95..99) => s % 65_537,
            (_, _) => self.max,
        };
        size.min(self.max)
    }
}

/// What messages are compared by: kind, length and FNV-1a.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
struct Digest(bool, usize, u32);

impl Digest {
    fn of(kind: Kind, data: &[u8]) -> Self {
        let fnv = data.iter().fold(0x811C_9DC5_u32, |hash, byte| {
            (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193)
        });
        Self(kind == Kind::Text, data.len(), fnv)
    }
}

/// Compares what arrives with a pattern.
#[derive(Debug)]
pub(crate) struct Checker {
    ordered: bool,
    lossy: bool,
    expected: Vec<Digest>,
    left: HashMap<Digest, usize>,
    position: usize,
    received: usize,
    bytes: usize,
    corrupt: usize,
    disorder: usize,
    first: String,
}

impl Checker {
    pub(crate) fn new(pattern: Pattern, ordered: bool, lossy: bool) -> Self {
        let digest = |index| {
            let (kind, data) = pattern.message(index);
            Digest::of(kind, &data)
        };
        let expected: Vec<Digest> = (0..pattern.count).map(digest).collect();
        let mut left = HashMap::new();
        for digest in &expected {
            *left.entry(*digest).or_default() += 1;
        }
        Self {
            ordered,
            lossy,
            expected,
            left,
            position: 0,
            received: 0,
            bytes: 0,
            corrupt: 0,
            disorder: 0,
            first: String::new(),
        }
    }

    /// Takes one message; true when it was the last that is expected.
    pub(crate) fn receive(&mut self, kind: Kind, data: &[u8]) -> bool {
        let digest = Digest::of(kind, data);
        self.received += 1;
        self.bytes += data.len();
        match self.left.get_mut(&digest) {
            Some(left) if *left > 0 => {
                *left -= 1;
                if self.ordered && !self.advance(digest) {
                    self.disorder += 1;
                    self.fault("is out of order", digest);
                }
            }
            _ => {
                self.corrupt += 1;
                self.fault("is not of the pattern or came twice", digest);
            }
        }
        self.received == self.expected.len()
    }

    /// Moves to the message after this one; only where loss is allowed may it skip some.
    fn advance(&mut self, digest: Digest) -> bool {
        let reach = if self.lossy { usize::MAX } else { 1 };
        let found = self
            .expected
            .iter()
            .skip(self.position)
            .take(reach)
            .position(|other| *other == digest);
        if let Some(skipped) = found {
            self.position += skipped + 1;
        }
        found.is_some()
    }

    fn fault(&mut self, what: &str, Digest(text, len, _): Digest) {
        if self.first.is_empty() {
            self.first = format!("message {} {what}: text {text}, {len} bytes", self.received - 1);
        }
    }

    /// How the check stands.
    pub(crate) fn verdict(&self) -> Value {
        json!({
            "received": self.received, "expected": self.expected.len(), "bytes": self.bytes,
            "corrupt": self.corrupt, "disorder": self.disorder, "first": self.first,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATTERN: Pattern = Pattern {
        seed: 7,
        count: 50,
        max: 1000,
    };

    fn judge(order: impl IntoIterator<Item = u32>, ordered: bool, lossy: bool) -> (usize, usize) {
        let mut checker = Checker::new(PATTERN, ordered, lossy);
        for index in order {
            let (kind, data) = PATTERN.message(index);
            checker.receive(kind, &data);
        }
        (checker.corrupt, checker.disorder)
    }

    #[test]
    fn text_is_utf8_and_sizes_stay_below_the_limit() {
        for index in 0..PATTERN.count {
            let (kind, data) = PATTERN.message(index);
            assert!(data.len() <= 1000);
            assert_eq!(kind == Kind::Text, index % 2 == 0);
            assert!(kind == Kind::Binary || std::str::from_utf8(&data).is_ok());
        }
        assert_eq!(
            (PATTERN.message(1).1.len(), PATTERN.message(2).1.len()),
            (0, 1000)
        );
    }

    #[test]
    fn every_message_in_order_passes() {
        assert_eq!(judge(0..50, true, false), (0, 0));
    }

    #[test]
    fn a_gap_is_disorder_only_where_nothing_may_be_lost() {
        let gap = (0..50).filter(|index| *index != 20);
        assert!(judge(gap.clone(), true, false).1 > 0);
        assert_eq!(judge(gap, true, true), (0, 0));
    }

    #[test]
    fn a_swap_is_disorder_only_where_order_is_promised() {
        let swap = [0, 1, 3, 2].into_iter().chain(4..50);
        assert!(judge(swap.clone(), true, true).1 > 0);
        assert_eq!(judge(swap, false, false), (0, 0));
    }

    #[test]
    fn a_duplicate_and_a_changed_byte_are_corrupt() {
        assert_eq!(judge([2, 2], false, true), (1, 0));
        let mut checker = Checker::new(PATTERN, false, false);
        let mut data = PATTERN.message(3).1.to_vec();
        data[500] ^= 1;
        checker.receive(Kind::Binary, &data);
        assert_eq!(checker.verdict()["corrupt"], 1);
    }
}
