//! RFC 3550 §5.1: a packet whose fields are changed where they are, for forwarders (RFC 7667 §3.7).

use std::fmt;

use super::elements::{Extensions, Form};
use super::view::{
    BLOCK_HEAD_LEN, Block, FIXED_LEN, HeaderRef, PacketRef, block_head, check_version, csrcs_len, has_block,
    has_padding, padding_len,
};
use crate::DecodeError;

/// An RTP packet in the caller's buffer, to read and to change in place. Nothing moves: lengths stay as they are.
///
/// To add or remove an extension, copy the header with a [`HeaderWriter`](crate::HeaderWriter).
///
/// ```
/// use rtp::{Header, PacketMut, PacketRef};
///
/// let mut datagram = Vec::new();
/// let mut header = Header { payload_type: 96, sequence_number: 7, ..Header::default() };
/// header.extensions.set(3, &[0, 1]).unwrap();
/// header.encode(&mut datagram);
/// datagram.extend(b"payload");
///
/// let mut packet = PacketMut::decode(&mut datagram)?;
/// packet.set_payload_type(102);
/// packet.set_sequence_number(65_535);
/// assert!(packet.set_extension(3, &[0xca, 0xfe]));
/// assert!(!packet.set_extension(3, &[1, 2, 3]), "data of another length does not fit");
///
/// let packet = PacketRef::decode(&datagram)?;
/// assert_eq!((packet.payload_type(), packet.sequence_number()), (102, 65_535));
/// assert_eq!(packet.extension(3), Some(&[0xca, 0xfe][..]));
/// # Ok::<(), rtp::DecodeError>(())
/// ```
pub struct PacketMut<'a> {
    fixed: &'a mut [u8; FIXED_LEN],
    csrcs: &'a mut [[u8; 4]],
    block: Option<BlockMut<'a>>,
    payload: &'a mut [u8],
    padding_len: u8,
}

struct BlockMut<'a> {
    profile: u16,
    data: &'a mut [u8],
}

impl<'a> PacketMut<'a> {
    /// Reads a packet that fills `bytes`.
    ///
    /// # Errors
    /// As [`PacketRef::decode`].
    #[inline]
    pub fn decode(bytes: &'a mut [u8]) -> Result<Self, DecodeError> {
        let len = bytes.len();
        let cut_off = |what| DecodeError::new(what, len);
        let (fixed, rest) = bytes
            .split_first_chunk_mut()
            .ok_or(cut_off("header is cut off"))?;
        check_version(fixed)?;
        let (csrcs, mut rest) = rest
            .split_at_mut_checked(csrcs_len(fixed))
            .ok_or(cut_off("list of contributing sources is cut off"))?;
        let mut block = None;
        if has_block(fixed) {
            let (head, after) = rest
                .split_first_chunk_mut::<BLOCK_HEAD_LEN>()
                .ok_or(cut_off("head of the header extension is cut off"))?;
            let (profile, block_len) = block_head(*head);
            let data;
            (data, rest) = after
                .split_at_mut_checked(block_len)
                .ok_or(cut_off("header extension is cut off"))?;
            block = Some(BlockMut { profile, data });
        }
        let padding_len = match has_padding(fixed) {
            true => padding_len(rest).map_err(|reason| DecodeError::new(reason, len.saturating_sub(1)))?,
            false => 0,
        };
        let payload_len = rest.len().saturating_sub(padding_len.into());
        let (payload, _) = rest
            .split_at_mut_checked(payload_len)
            .ok_or(cut_off("padding is cut off"))?;
        Ok(Self {
            fixed,
            csrcs: csrcs.as_chunks_mut().0,
            block,
            payload,
            padding_len,
        })
    }

    /// The packet as a view that can be copied and kept beside others.
    #[inline]
    pub fn as_ref(&self) -> PacketRef<'_> {
        let header = HeaderRef {
            fixed: self.fixed,
            csrcs: self.csrcs,
            block: self.block.as_ref().map(|block| Block {
                profile: block.profile,
                data: block.data,
            }),
        };
        PacketRef::from_parts(header, self.payload, self.padding_len)
    }

    /// See [`HeaderRef::marker`].
    pub fn marker(&self) -> bool {
        self.as_ref().marker()
    }

    /// See [`HeaderRef::payload_type`].
    pub fn payload_type(&self) -> u8 {
        self.as_ref().payload_type()
    }

    /// See [`HeaderRef::sequence_number`].
    pub fn sequence_number(&self) -> u16 {
        self.as_ref().sequence_number()
    }

    /// See [`HeaderRef::timestamp`].
    pub fn timestamp(&self) -> u32 {
        self.as_ref().timestamp()
    }

    /// See [`HeaderRef::ssrc`].
    pub fn ssrc(&self) -> u32 {
        self.as_ref().ssrc()
    }

    /// See [`HeaderRef::csrcs`].
    pub fn csrcs(&self) -> impl ExactSizeIterator<Item = u32> + use<'_> {
        self.as_ref().csrcs()
    }

    /// Bytes in front of the payload.
    pub fn header_len(&self) -> usize {
        self.as_ref().header_len()
    }

    /// The payload, without padding.
    pub fn payload(&self) -> &[u8] {
        self.payload
    }

    /// The payload, to be changed in place.
    pub fn payload_mut(&mut self) -> &mut [u8] {
        self.payload
    }

    /// Bytes of padding behind the payload, their count included.
    pub fn padding_len(&self) -> u8 {
        self.padding_len
    }

    /// See [`HeaderRef::extensions`].
    pub fn extensions(&self) -> Extensions<'_> {
        self.as_ref().extensions()
    }

    /// See [`HeaderRef::extension`].
    pub fn extension(&self, id: u8) -> Option<&[u8]> {
        self.as_ref().extension(id)
    }

    /// The data of the first element with this id, to be changed in place.
    pub fn extension_mut(&mut self, id: u8) -> Option<&mut [u8]> {
        let (_, data) = self.element_mut(id)?;
        Some(data)
    }

    /// What stands in front of the data of the first element with this id, and the data.
    fn element_mut(&mut self, id: u8) -> Option<(&mut [u8], &mut [u8])> {
        let block = self.block.as_mut()?;
        let form = Form::of_profile(block.profile)?;
        let mut elements = Extensions::new(form, block.data);
        let (_, data) = elements.find(|(it, _)| *it == id)?;
        let end = block.data.len().checked_sub(elements.rest_len())?;
        let start = end.checked_sub(data.len() + form.head_len())?;
        block
            .data
            .get_mut(start..end)?
            .split_at_mut_checked(form.head_len())
    }

    /// Sets the marker bit.
    pub fn set_marker(&mut self, marker: bool) {
        self.fixed[1] = self.fixed[1] & 0x7f | u8::from(marker) << 7;
    }

    /// Sets the payload type, of which the low seven bits count.
    pub fn set_payload_type(&mut self, payload_type: u8) {
        self.fixed[1] = self.fixed[1] & 0x80 | payload_type & 0x7f;
    }

    /// Sets the sequence number.
    pub fn set_sequence_number(&mut self, sequence_number: u16) {
        [self.fixed[2], self.fixed[3]] = sequence_number.to_be_bytes();
    }

    /// Sets the timestamp.
    pub fn set_timestamp(&mut self, timestamp: u32) {
        [self.fixed[4], self.fixed[5], self.fixed[6], self.fixed[7]] = timestamp.to_be_bytes();
    }

    /// Sets the synchronization source.
    pub fn set_ssrc(&mut self, ssrc: u32) {
        [self.fixed[8], self.fixed[9], self.fixed[10], self.fixed[11]] = ssrc.to_be_bytes();
    }

    /// Sets the contributing source at `index`; false, and nothing changes, when the packet has fewer.
    pub fn set_csrc(&mut self, index: usize, csrc: u32) -> bool {
        let place = self.csrcs.get_mut(index);
        let is_there = place.is_some();
        if let Some(place) = place {
            *place = csrc.to_be_bytes();
        }
        is_there
    }

    /// Replaces the data of the first element with this id by `data` of the same length; false, and nothing changes, when
    /// the packet has no such element.
    pub fn set_extension(&mut self, id: u8, data: &[u8]) -> bool {
        match self.extension_mut(id) {
            Some(place) if place.len() == data.len() => {
                place.copy_from_slice(data);
                true
            }
            Some(_) | None => false,
        }
    }

    /// Gives the first element with this id another one; false, and nothing changes, when the packet has no such element or its
    /// form has no such id.
    pub fn rename_extension(&mut self, id: u8, new: u8) -> bool {
        match self.element_mut(id) {
            Some(([head], _)) if (1..15).contains(&new) => {
                *head = new << 4 | *head & 0x0f;
                true
            }
            Some(([head, _], _)) if new > 0 => {
                *head = new;
                true
            }
            Some(_) | None => false,
        }
    }

    /// Overwrites the first element with this id with padding (RFC 8285 §4.1.2); false when the packet has no such element.
    pub fn remove_extension(&mut self, id: u8) -> bool {
        let element = self.element_mut(id);
        let is_there = element.is_some();
        if let Some((head, data)) = element {
            head.fill(0);
            data.fill(0);
        }
        is_there
    }
}

/// As the view.
impl fmt::Debug for PacketMut<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_ref().fmt(f)
    }
}
