//! The usual header, written in one go: one-byte extensions (RFC 8285 §4.2), those of the chain from a stencil in which a few bytes
//! change from packet to packet. What does not fit is left to `rtp`'s writer, which writes the same bytes.

use super::stamp::{Stamp, send_time};
use rtp::{FormRule, Header};

/// Bytes of the longest header that is written here.
const MAX: usize = 96;
/// Bytes of the chain's extensions: two numbers, MID and RID of usual length.
const MAX_OWN: usize = 40;
/// Fixed part, and head of the extension block.
const HEAD: usize = 12 + 4;

/// The chain's own extensions as they stand in a packet.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stencil {
    bytes: [u8; MAX_OWN],
    /// Where the transport-wide number and the time of sending stand.
    transport: Option<usize>,
    send_time: Option<usize>,
    /// With and without MID and RID.
    full: usize,
    known: usize,
}

impl Stencil {
    /// `None` where an id or a text needs more than the one-byte form.
    pub(super) fn new(transport: Option<u8>, send_time: Option<u8>, texts: &[(u8, &str)]) -> Option<Self> {
        let mut stencil = Self {
            bytes: [0; MAX_OWN],
            transport: None,
            send_time: None,
            full: 0,
            known: 0,
        };
        stencil.transport = stencil.add(transport, &[0; 2])?;
        stencil.send_time = stencil.add(send_time, &[0; 3])?;
        stencil.known = stencil.full;
        for (id, text) in texts {
            stencil.add(Some(*id), text.as_bytes())?;
        }
        Some(stencil)
    }

    /// Adds an element. Gives where its data stand; nothing at all if it does not fit.
    fn add(&mut self, id: Option<u8>, data: &[u8]) -> Option<Option<usize>> {
        let Some(id) = id else { return Some(None) };
        let head = element_head(id, data.len())?;
        let start = self.full + 1;
        *self.bytes.get_mut(self.full)? = head;
        self.bytes
            .get_mut(start..start + data.len())?
            .copy_from_slice(data);
        self.full = start + data.len();
        Some(Some(start))
    }

    /// Appends a header, with the caller's extensions but those whose id `is_own`. False, and nothing is written, if it is not
    /// of the usual kind.
    #[inline]
    pub(super) fn write(
        &self,
        header: &Header,
        stamp: Stamp,
        is_own: impl Fn(u8) -> bool,
        out: &mut Vec<u8>,
    ) -> bool {
        let extensions = &header.extensions;
        if !header.csrcs.is_empty() || extensions.rule() == FormRule::TwoByte {
            return false;
        }
        let mut buffer = [0; MAX];
        let mut end = HEAD;
        if !extensions.is_empty() {
            for (id, data) in extensions.iter().filter(|(id, _)| !is_own(*id)) {
                let Some(after) = put(&mut buffer, end, id, data) else {
                    return false;
                };
                end = after;
            }
        }
        let own = if stamp.acknowledged { self.known } else { self.full };
        let (Some(place), Some(bytes)) = (buffer.get_mut(end..end + own), self.bytes.get(..own)) else {
            return false;
        };
        place.copy_from_slice(bytes);
        self.patch(place, stamp);
        end += own;
        let len = finish(&mut buffer, header, stamp.ssrc, end);
        out.extend_from_slice(buffer.get(..len).unwrap_or_default());
        true
    }

    /// Sets what changes from packet to packet.
    #[inline]
    fn patch(&self, own: &mut [u8], stamp: Stamp) {
        if let Some(place) = self.transport.and_then(|start| own.get_mut(start..start + 2)) {
            place.copy_from_slice(&stamp.transport_sequence_number.to_be_bytes());
        }
        if let Some(place) = self.send_time.and_then(|start| own.get_mut(start..start + 3)) {
            let [_, time @ ..] = send_time(stamp.now).to_be_bytes();
            place.copy_from_slice(&time);
        }
    }
}

/// The fixed part and the head of the block, once it is known where that ends. Gives the length of the header.
#[inline]
fn finish(buffer: &mut [u8; MAX], header: &Header, ssrc: u32, end: usize) -> usize {
    let words = (end - HEAD).div_ceil(4);
    let has_block = words > 0;
    let Some((fixed, rest)) = buffer.split_first_chunk_mut::<12>() else {
        return 0;
    };
    let [n0, n1] = header.sequence_number.to_be_bytes();
    let [t0, t1, t2, t3] = header.timestamp.to_be_bytes();
    let [s0, s1, s2, s3] = ssrc.to_be_bytes();
    let first = 0x80 | (u8::from(has_block) << 4);
    let second = (u8::from(header.marker) << 7) | (header.payload_type & 0x7f);
    *fixed = [first, second, n0, n1, t0, t1, t2, t3, s0, s1, s2, s3];
    if !has_block {
        return 12;
    }
    if let Some(head) = rest.first_chunk_mut::<4>() {
        *head = [0xbe, 0xde, 0, u8::try_from(words).unwrap_or(u8::MAX)];
    }
    HEAD + 4 * words
}

/// Writes one of the caller's elements. Gives where the next stands.
#[inline]
fn put(buffer: &mut [u8; MAX], start: usize, id: u8, data: &[u8]) -> Option<usize> {
    let end = start + 1 + data.len();
    let (head, place) = buffer.get_mut(start..end)?.split_first_mut()?;
    *head = element_head(id, data.len())?;
    place.copy_from_slice(data);
    Some(end)
}

/// The head of a one-byte element, if it can be one.
#[inline]
fn element_head(id: u8, len: usize) -> Option<u8> {
    let len = u8::try_from(len).ok().filter(|len| (1..=16).contains(len))?;
    (1..15).contains(&id).then_some((id << 4) | (len - 1))
}
