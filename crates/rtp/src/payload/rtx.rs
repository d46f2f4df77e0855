//! RFC 4588 §4: retransmission, a packet again in a stream of its own, with its old sequence number in front of the payload. A
//! store sends copies ([`wrap_into`]); both directions also work where the packet lies ([`wrap`], [`unwrap`]), since moving a
//! header by two bytes is cheaper than moving a payload.

use crate::{DecodeError, PacketRef};

/// Bytes of the payload header, the original sequence number.
pub const OVERHEAD: usize = 2;

/// Where a packet goes: the fields in which an original packet and its retransmission differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stream {
    /// The SSRC of the retransmission stream, or of the original one when unwrapping.
    pub ssrc: u32,
    /// The payload type there, 0 to 127.
    pub payload_type: u8,
}

/// Appends the retransmission of `packet`, without its padding, to `out`. The marker, the timestamp, the CSRCs and the header
/// extensions stay as they are.
///
/// # Errors
/// When `packet` is not RTP.
pub fn wrap_into(
    packet: &[u8],
    to: Stream,
    sequence_number: u16,
    out: &mut Vec<u8>,
) -> Result<(), DecodeError> {
    let layout = Layout::decode(packet)?;
    let [_, _, s0, s1, ..] = layout.fixed;
    let (header, payload) = packet.split_at_checked(layout.header).unwrap_or_default();
    let start = out.len();
    out.extend_from_slice(header);
    out.extend_from_slice(&[s0, s1]);
    out.extend_from_slice(payload.get(..layout.payload).unwrap_or_default());
    rewrite(
        out.get_mut(start..).unwrap_or_default(),
        &layout,
        to,
        sequence_number,
    );
    Ok(())
}

/// Turns a packet into its retransmission in place. The packet begins two bytes behind the start of `room`; the result, without
/// padding, begins at its start, and its length is returned.
///
/// ```
/// use rtp::payload::rtx::{Stream, unwrap, wrap};
///
/// let original = [0x80, 96, 0, 7, 0, 0, 0, 1, 0, 0, 0, 2, 0xaa, 0xbb];
/// let mut room = vec![0; 2];
/// room.extend_from_slice(&original);
/// let len = wrap(&mut room, Stream { ssrc: 3, payload_type: 97 }, 500)?;
/// assert_eq!(room[..len], [0x80, 97, 1, 0xf4, 0, 0, 0, 1, 0, 0, 0, 3, 0, 7, 0xaa, 0xbb]);
///
/// let restored = unwrap(&mut room[..len], Stream { ssrc: 2, payload_type: 96 })?;
/// assert_eq!(restored.unwrap(), original);
/// # Ok::<(), rtp::DecodeError>(())
/// ```
///
/// # Errors
/// When there is no RTP packet behind the two bytes.
pub fn wrap(room: &mut [u8], to: Stream, sequence_number: u16) -> Result<usize, DecodeError> {
    let packet = room
        .get(OVERHEAD..)
        .ok_or(DecodeError::new("no room in front", 0))?;
    let layout = Layout::decode(packet)?;
    let [_, _, s0, s1, ..] = layout.fixed;
    room.copy_within(OVERHEAD..OVERHEAD + layout.header, 0);
    if let Some(field) = room.get_mut(layout.header..layout.header + OVERHEAD) {
        field.copy_from_slice(&[s0, s1]);
    }
    rewrite(room, &layout, to, sequence_number);
    Ok(layout.header + OVERHEAD + layout.payload)
}

/// Turns a retransmission into the original packet in place; it begins two bytes later. `None` for a packet that carries nothing
/// but padding, as those that probe for bandwidth.
///
/// # Errors
/// When the packet is not RTP, or has no room for the original sequence number.
pub fn unwrap(packet: &mut [u8], to: Stream) -> Result<Option<&mut [u8]>, DecodeError> {
    let layout = Layout::decode(packet)?;
    if layout.payload == 0 {
        return Ok(None);
    }
    let number = packet
        .get(layout.header..)
        .and_then(<[u8]>::first_chunk::<OVERHEAD>);
    let (Some(number), Some(payload)) = (number, layout.payload.checked_sub(OVERHEAD)) else {
        return Err(DecodeError::new("no original sequence number", layout.header));
    };
    let sequence_number = u16::from_be_bytes(*number);
    packet.copy_within(..layout.header, OVERHEAD);
    let restored = packet
        .get_mut(OVERHEAD..OVERHEAD + layout.header + payload)
        .unwrap_or_default();
    rewrite(restored, &layout, to, sequence_number);
    Ok(Some(restored))
}

/// The sequence number of the packet that `payload`, that of a retransmission, repeats, and its payload.
///
/// # Errors
/// When the payload is shorter than two bytes.
pub fn decode(payload: &[u8]) -> Result<(u16, &[u8]), DecodeError> {
    let (number, original) = payload
        .split_first_chunk()
        .ok_or(DecodeError::new("no original sequence number", 0))?;
    Ok((u16::from_be_bytes(*number), original))
}

/// The parts of an RTP packet.
struct Layout {
    fixed: [u8; 12],
    /// Bytes of the header, with CSRCs and extensions.
    header: usize,
    /// Bytes of the payload, without padding.
    payload: usize,
}

impl Layout {
    fn decode(packet: &[u8]) -> Result<Self, DecodeError> {
        let view = PacketRef::decode(packet)?;
        Ok(Self {
            fixed: packet.first_chunk().copied().unwrap_or_default(),
            header: view.header_len(),
            payload: view.payload().len(),
        })
    }
}

/// Writes the fixed header again: without padding, and with the fields of the other stream.
fn rewrite(packet: &mut [u8], layout: &Layout, to: Stream, sequence_number: u16) {
    let [first, marker, _, _, t0, t1, t2, t3, ..] = layout.fixed;
    let [n0, n1] = sequence_number.to_be_bytes();
    let [a, b, c, d] = to.ssrc.to_be_bytes();
    let kind = marker & 0x80 | to.payload_type & 0x7f;
    if let Some(fixed) = packet.first_chunk_mut::<12>() {
        *fixed = [first & !0x20, kind, n0, n1, t0, t1, t2, t3, a, b, c, d];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORIGINAL: Stream = Stream {
        ssrc: 0x0102_0304,
        payload_type: 96,
    };
    const REPAIR: Stream = Stream {
        ssrc: 0x0506_0708,
        payload_type: 97,
    };

    /// A packet with a marker, and: CSRCs, words of extension (or none), payload bytes.
    fn packet(csrcs: u8, extension: Option<u8>, payload: usize) -> Vec<u8> {
        let mut packet = vec![0x80 | csrcs, 0x80 | 96, 0xff, 0xfe, 9, 8, 7, 6, 1, 2, 3, 4];
        packet.extend((0..csrcs).flat_map(|n| [n; 4]));
        if let Some(words) = extension {
            packet[0] |= 0x10;
            packet.extend([0xbe, 0xde, 0, words]);
            packet.extend((0..words).flat_map(|n| [n, 0, 0, 0]));
        }
        packet.extend((0..=255).cycle().take(payload));
        packet
    }

    fn padded(mut packet: Vec<u8>, padding: u8) -> Vec<u8> {
        packet[0] |= 0x20;
        packet.extend(vec![0; usize::from(padding) - 1]);
        packet.push(padding);
        packet
    }

    #[test]
    fn comes_back_as_it_was() {
        for csrcs in [0, 1, 15] {
            for extension in [None, Some(0), Some(3)] {
                for payload in [0, 1, 1000] {
                    let original = packet(csrcs, extension, payload);
                    let mut wrapped = Vec::new();
                    wrap_into(&original, REPAIR, 77, &mut wrapped).unwrap();
                    assert_eq!(wrapped.len(), original.len() + OVERHEAD);
                    assert_eq!(wrapped[1..4], [0x80 | 97, 0, 77]);
                    assert_eq!(wrapped[4..8], original[4..8], "the timestamp stays");
                    let header = original.len() - payload;
                    assert_eq!(wrapped[12..header], original[12..header]);
                    assert_eq!(decode(&wrapped[header..]), Ok((0xfffe, &original[header..])));

                    let mut room = [&[0, 0][..], &original].concat();
                    let len = wrap(&mut room, REPAIR, 77).unwrap();
                    assert_eq!(room[..len], wrapped);
                    assert_eq!(unwrap(&mut wrapped, ORIGINAL).unwrap().unwrap(), original);
                }
            }
        }
    }

    #[test]
    fn padding_stays_behind() {
        let original = packet(0, Some(1), 10);
        let mut wrapped = Vec::new();
        wrap_into(&padded(original.clone(), 7), REPAIR, 1, &mut wrapped).unwrap();
        assert_eq!(wrapped.len(), original.len() + OVERHEAD);
        let mut wrapped = padded(wrapped, 255);
        assert_eq!(unwrap(&mut wrapped, ORIGINAL).unwrap().unwrap(), original);
        let mut room = [&[0, 0][..], &padded(original.clone(), 7)].concat();
        let len = wrap(&mut room, REPAIR, 1).unwrap();
        assert_eq!(unwrap(&mut room[..len], ORIGINAL).unwrap().unwrap(), original);
    }

    #[test]
    fn probes_are_nothing_to_restore() {
        assert_eq!(unwrap(&mut padded(packet(0, None, 0), 200), ORIGINAL), Ok(None));
        assert_eq!(unwrap(&mut packet(0, None, 0), ORIGINAL), Ok(None));
        assert!(unwrap(&mut packet(0, None, 1), ORIGINAL).is_err());
        assert!(unwrap(&mut padded(packet(0, None, 1), 9), ORIGINAL).is_err());
    }

    #[test]
    fn refuses_what_is_cut_off() {
        let original = packet(2, Some(2), 0);
        for len in 0..original.len() {
            let mut cut = original[..len].to_vec();
            assert!(wrap_into(&cut, REPAIR, 1, &mut Vec::new()).is_err(), "{len}");
            assert!(wrap(&mut cut, REPAIR, 1).is_err(), "{len}");
            assert!(unwrap(&mut original[..len].to_vec(), ORIGINAL).is_err(), "{len}");
        }
        assert!(
            wrap_into(&[0; 12], REPAIR, 1, &mut Vec::new()).is_err(),
            "version 0"
        );
    }
}
