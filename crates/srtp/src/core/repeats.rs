//! Which packets may be protected again under their index: those that are the same, byte for byte, so that nothing new is
//! said under a nonce (RFC 3711 §9.1). Their tags tell. For retransmissions without RTX (RFC 4585 without RFC 4588).

use std::collections::BTreeMap;

use super::transform::{PacketNumber, Seal};

/// Packets of a stream whose tags are kept; a power of two.
const KEPT: usize = 1024;
/// An index that no packet has.
const NONE: u64 = u64::MAX;

/// The seals of a stream's latest packets, each at its index modulo [`KEPT`].
type Ring = Box<[(u64, Seal)]>;

/// The streams for which it was asked.
#[derive(Debug, Default)]
pub(super) struct Repeats(BTreeMap<u32, Ring>);

impl Repeats {
    /// Keeps the seals of an SSRC from here on.
    pub(super) fn allow(&mut self, ssrc: u32) {
        let empty = || vec![(NONE, Seal::default()); KEPT].into();
        self.0.entry(ssrc).or_insert_with(empty);
    }

    pub(super) fn forbid(&mut self, ssrc: u32) {
        self.0.remove(&ssrc);
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn contains(&self, ssrc: u32) -> bool {
        self.0.contains_key(&ssrc)
    }

    /// The seal under which a packet has left, if that is known.
    pub(super) fn seal(&self, number: PacketNumber) -> Option<&Seal> {
        let (index, seal) = self.0.get(&number.ssrc)?.get(place(number.index))?;
        (*index == number.index).then_some(seal)
    }

    /// A packet leaves.
    #[inline]
    pub(super) fn note(&mut self, number: PacketNumber, seal: Seal) {
        if self.0.is_empty() {
            return;
        }
        let ring = self.0.get_mut(&number.ssrc);
        if let Some(kept) = ring.and_then(|ring| ring.get_mut(place(number.index))) {
            *kept = (number.index, seal);
        }
    }
}

fn place(index: u64) -> usize {
    usize::try_from(index % KEPT as u64).unwrap_or(0)
}
