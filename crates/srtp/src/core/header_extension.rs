//! Encryption of single header extension elements (RFC 6904 §3, RFC 7714 §8.3): the bodies of those whose ids are
//! negotiated so; never their headers, never the padding.

use std::ops::Range;

use super::cryptex::{ONE_BYTE, TWO_BYTE};
use super::transform::{PacketNumber, StreamKey};

/// Bytes of key stream made at a time: the elements of most packets.
const CHUNK: usize = 64;
const BLOCKS_IN_CHUNK: usize = CHUNK / 16;

/// Ids of the elements that are encrypted.
#[derive(Clone, Debug, Default)]
pub(super) struct Ids([u64; 4]);

impl Ids {
    pub(super) fn new(ids: &[u8]) -> Self {
        let mut set = Self::default();
        for id in ids {
            if let Some(word) = set.0.get_mut(usize::from(id / 64)) {
                *word |= 1 << (id % 64);
            }
        }
        set
    }

    fn contains(&self, id: u8) -> bool {
        self.0
            .get(usize::from(id / 64))
            .is_some_and(|word| word & (1 << (id % 64)) != 0)
    }
}

/// Elements of a header extension, as RFC 8285 §4 delimits them.
struct Elements<'a> {
    elements: &'a [u8],
    at: usize,
    two_byte: bool,
}

/// An element is longer than what is left of the extension.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Overrun;

impl<'a> Elements<'a> {
    /// `None` if the profile is not one of RFC 8285's, and so has no elements.
    fn new(profile: u16, elements: &'a [u8]) -> Option<Self> {
        let two_byte = profile & 0xfff0 == TWO_BYTE;
        (two_byte || profile == ONE_BYTE).then_some(Self {
            elements,
            at: 0,
            two_byte,
        })
    }

    fn take(&mut self) -> Option<u8> {
        let byte = self.elements.get(self.at).copied()?;
        self.at += 1;
        Some(byte)
    }

    /// The id and length of the next element.
    fn head(&mut self) -> Option<Result<(u8, usize), Overrun>> {
        loop {
            match self.take()? {
                0 => {}
                id if self.two_byte => return Some(self.take().map(|len| (id, len.into())).ok_or(Overrun)),
                // RFC 8285 §4.2: these end the extension, whatever follows.
                head if head >> 4 == 0 || head >> 4 == 15 => return None,
                head => return Some(Ok((head >> 4, usize::from(head & 0x0f) + 1))),
            }
        }
    }
}

impl Iterator for Elements<'_> {
    type Item = Result<(u8, Range<usize>), Overrun>;

    fn next(&mut self) -> Option<Self::Item> {
        let head = self.head()?;
        Some(head.and_then(|(id, len)| {
            let range = self.at..self.at + len;
            self.at = range.end;
            self.elements.get(range.clone()).ok_or(Overrun)?;
            Ok((id, range))
        }))
    }
}

/// Whether elements can be told apart, as both sides must do in the same way.
pub(super) fn check(profile: u16, elements: &[u8]) -> Result<(), Overrun> {
    let elements = Elements::new(profile, elements);
    elements
        .into_iter()
        .flatten()
        .try_for_each(|element| element.map(|_| ()))
}

/// Encrypts or decrypts the elements with these ids; nothing is done if one of them overruns.
pub(super) fn apply(
    key: &StreamKey,
    number: PacketNumber,
    ids: &Ids,
    extension: (u16, &mut [u8]),
) -> Result<(), Overrun> {
    let (profile, elements) = extension;
    check(profile, elements)?;
    let mut stream = KeyStream::default();
    let mut at = 0;
    // Headers stay clear, so the next element is found in what is half encrypted.
    while let Some((id, range)) = next(profile, elements, at) {
        at = range.end;
        if ids.contains(id) {
            let start = range.start;
            let body = elements.get_mut(range).unwrap_or_default();
            for (position, byte) in (start..).zip(body) {
                *byte ^= stream.byte(key, number, position);
            }
        }
    }
    Ok(())
}

fn next(profile: u16, elements: &[u8], at: usize) -> Option<(u8, Range<usize>)> {
    let mut rest = Elements::new(profile, elements)?;
    rest.at = at;
    rest.next()?.ok()
}

/// A part of the key stream of one packet.
struct KeyStream {
    chunk: usize,
    bytes: [u8; CHUNK],
}

impl Default for KeyStream {
    fn default() -> Self {
        Self {
            chunk: usize::MAX,
            bytes: [0; CHUNK],
        }
    }
}

impl KeyStream {
    fn byte(&mut self, key: &StreamKey, number: PacketNumber, position: usize) -> u8 {
        let chunk = position / CHUNK;
        if self.chunk != chunk {
            self.chunk = chunk;
            self.bytes = [0; CHUNK];
            // An extension has at most 65,535 words, a quarter as many blocks.
            let block = u16::try_from(chunk * BLOCKS_IN_CHUNK).unwrap_or(u16::MAX);
            key.apply(number, block, &mut self.bytes);
        }
        self.bytes.get(position % CHUNK).copied().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn elements(profile: u16, bytes: &[u8]) -> Vec<Result<(u8, Range<usize>), Overrun>> {
        Elements::new(profile, bytes).into_iter().flatten().collect()
    }

    #[test]
    fn one_byte_elements_end_at_reserved_ids() {
        assert_eq!(
            elements(0xbede, &[0x10, 1, 0, 0x21, 2, 3, 0]),
            [Ok((1, 1..2)), Ok((2, 4..6))]
        );
        for end in [0xf0, 0x01] {
            assert_eq!(elements(0xbede, &[0x10, 1, end, 0x20, 2]), [Ok((1, 1..2))]);
        }
        assert_eq!(
            elements(0xbede, &[0x10, 1, 0x22, 0, 0]),
            [Ok((1, 1..2)), Err(Overrun)]
        );
    }

    #[test]
    fn two_byte_elements_may_be_empty() {
        for profile in [0x1000, 0x100f] {
            assert_eq!(
                elements(profile, &[1, 0, 0, 0xff, 2, 7, 8, 0]),
                [Ok((1, 2..2)), Ok((255, 5..7))]
            );
        }
        assert_eq!(elements(0x1000, &[1]), [Err(Overrun)]);
        assert_eq!(elements(0x1000, &[1, 2, 3]), [Err(Overrun)]);
        assert_eq!(elements(0xabcd, &[1, 2, 3]), []);
    }

    #[test]
    fn ids_are_a_set() {
        let ids = Ids::new(&[0, 63, 64, 255]);
        let contained: Vec<u8> = (0..=255).filter(|id| ids.contains(*id)).collect();
        assert_eq!(contained, [0, 63, 64, 255]);
    }
}
