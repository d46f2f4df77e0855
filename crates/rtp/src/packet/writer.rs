//! RFC 3550 §5.1, RFC 8285 §4: a header appended to a buffer, field by field or as the edited copy of another.

use super::elements::{Form, FormRule};
use super::view::{BLOCK_HEAD_LEN, FIXED_LEN, HeaderRef};
use crate::ExtensionError;
use crate::extension::Extension;

/// Appends a header to a buffer, and nothing else: no allocation when the buffer has room.
///
/// This is how a forwarder copies a header to a subscriber's buffer with other extensions, under other ids. The writer
/// begins with the one-byte form and widens what it has written when an element needs the other, unless its [`FormRule`] says
/// otherwise. The header is complete once the writer is finished or dropped.
///
/// ```
/// use rtp::{FormRule, HeaderWriter, PacketRef};
/// # let mut inbound = Vec::new();
/// # let mut writer = HeaderWriter::new(&mut inbound, FormRule::Mixed);
/// # writer.sequence_number(9).ssrc(1);
/// # writer.extension(1, &[0x85]).unwrap().extension(3, &[0, 5]).unwrap().extension(4, b"sender").unwrap();
/// # writer.finish();
/// # inbound.extend(b"media");
///
/// let received = PacketRef::decode(&inbound)?;
/// let mut outbound = Vec::with_capacity(1500);
/// let mut writer = HeaderWriter::copy(&mut outbound, &received.header(), FormRule::Mixed);
/// writer.ssrc(0x5eed).sequence_number(17);
/// for (id, data) in received.extensions() {
///     match id {
///         1 => writer.extension(10, data)?, // the audio level, under this subscriber's id
///         _ => &mut writer,                 // what concerns only the way to us
///     };
/// }
/// writer.extension(4, b"0")?;
/// let header_len = writer.finish();
/// outbound.extend_from_slice(received.payload());
///
/// let sent = PacketRef::decode(&outbound)?;
/// assert_eq!((sent.header_len(), sent.ssrc(), sent.payload()), (header_len, 0x5eed, &b"media"[..]));
/// assert_eq!(sent.extensions().collect::<Vec<_>>(), [(10, &[0x85][..]), (4, b"0")]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct HeaderWriter<'o> {
    out: &'o mut Vec<u8>,
    /// Where the header begins in `out`.
    start: usize,
    fixed: [u8; FIXED_LEN],
    rule: FormRule,
    /// Where the elements begin in `out`, and their form.
    elements: Option<(usize, Form)>,
}

impl<'o> HeaderWriter<'o> {
    /// Begins a header whose fields are all zero at the end of `out`.
    #[inline]
    pub fn new(out: &'o mut Vec<u8>, rule: FormRule) -> Self {
        Self::begin(out, [0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], rule)
    }

    /// Begins a copy of `header` at the end of `out`: the fixed part and the contributing sources, no extension and no
    /// padding bit.
    #[inline]
    pub fn copy(out: &'o mut Vec<u8>, header: &HeaderRef<'_>, rule: FormRule) -> Self {
        let mut fixed = *header.fixed;
        fixed[0] &= 0x8f;
        let writer = Self::begin(out, fixed, rule);
        for csrc in header.csrcs {
            writer.out.extend_from_slice(csrc);
        }
        writer
    }

    #[inline]
    fn begin(out: &'o mut Vec<u8>, fixed: [u8; FIXED_LEN], rule: FormRule) -> Self {
        let start = out.len();
        out.extend_from_slice(&fixed);
        Self {
            out,
            start,
            fixed,
            rule,
            elements: None,
        }
    }

    /// Sets the marker bit.
    #[inline]
    pub fn marker(&mut self, marker: bool) -> &mut Self {
        self.fixed[1] = self.fixed[1] & 0x7f | u8::from(marker) << 7;
        self
    }

    /// Sets the payload type, of which the low seven bits count.
    #[inline]
    pub fn payload_type(&mut self, payload_type: u8) -> &mut Self {
        self.fixed[1] = self.fixed[1] & 0x80 | payload_type & 0x7f;
        self
    }

    /// Sets the sequence number.
    #[inline]
    pub fn sequence_number(&mut self, sequence_number: u16) -> &mut Self {
        [self.fixed[2], self.fixed[3]] = sequence_number.to_be_bytes();
        self
    }

    /// Sets the timestamp.
    #[inline]
    pub fn timestamp(&mut self, timestamp: u32) -> &mut Self {
        [self.fixed[4], self.fixed[5], self.fixed[6], self.fixed[7]] = timestamp.to_be_bytes();
        self
    }

    /// Sets the synchronization source.
    #[inline]
    pub fn ssrc(&mut self, ssrc: u32) -> &mut Self {
        [self.fixed[8], self.fixed[9], self.fixed[10], self.fixed[11]] = ssrc.to_be_bytes();
        self
    }

    /// Sets the padding bit; the caller writes the padding behind the payload.
    #[inline]
    pub fn padding(&mut self, padding: bool) -> &mut Self {
        self.fixed[0] = self.fixed[0] & 0xdf | u8::from(padding) << 5;
        self
    }

    /// Appends a contributing source, before any extension; false, and nothing changes, once there are 15 or an extension.
    pub fn csrc(&mut self, csrc: u32) -> bool {
        let is_possible = self.fixed[0] & 0x0f < 15 && self.elements.is_none();
        if is_possible {
            self.fixed[0] += 1;
            self.out.extend_from_slice(&csrc.to_be_bytes());
        }
        is_possible
    }

    /// Appends an extension element. An id that is written twice stands there twice.
    ///
    /// # Errors
    /// When the element cannot be written; the header stays as it was.
    #[inline]
    pub fn extension(&mut self, id: u8, data: &[u8]) -> Result<&mut Self, ExtensionError> {
        self.element_head(id, data.len())?;
        // Most extensions are this short: a copy of known length is a store, and no call.
        match data {
            [a] => self.out.push(*a),
            [a, b] => self.out.extend_from_slice(&[*a, *b]),
            [a, b, c] => self.out.extend_from_slice(&[*a, *b, *c]),
            _ => self.out.extend_from_slice(data),
        }
        Ok(self)
    }

    /// Appends what an extension says.
    ///
    /// # Errors
    /// As [`HeaderWriter::extension`].
    #[inline]
    pub fn extension_as<'e, E: Extension<'e>>(
        &mut self,
        id: u8,
        value: &E,
    ) -> Result<&mut Self, ExtensionError> {
        self.element_head(id, value.encoded_len())?;
        value.encode(self.out);
        Ok(self)
    }

    /// Ends the header and tells its length in bytes.
    #[inline]
    pub fn finish(self) -> usize {
        // Dropping completes it.
        match self.elements {
            Some((start, _)) => start + (self.out.len() - start).next_multiple_of(4) - self.start,
            None => self.out.len() - self.start,
        }
    }

    /// Opens the block in this form before the first element, so that it need not be widened.
    pub(super) fn open(&mut self, form: Form) {
        let [p, q] = form.profile().to_be_bytes();
        self.out.extend_from_slice(&[p, q, 0, 0]);
        self.elements = Some((self.out.len(), form));
        self.fixed[0] |= 0x10;
    }

    #[inline]
    fn element_head(&mut self, id: u8, len: usize) -> Result<(), ExtensionError> {
        let needed = self.rule.form(id, len)?;
        match (self.elements, needed) {
            (None, _) => self.open(needed),
            (Some((start, Form::OneByte)), Form::TwoByte) => self.widen(start),
            (Some((_, Form::OneByte)), Form::OneByte) | (Some((_, Form::TwoByte)), _) => {}
        }
        let len = u8::try_from(len).map_err(|_| ExtensionError::TooLong)?;
        match self.elements {
            // The form was chosen so that both fit into their four bits, and the length is not zero.
            Some((_, Form::OneByte)) => self.out.push(id << 4 | len.wrapping_sub(1)),
            Some((_, Form::TwoByte)) | None => self.out.extend_from_slice(&[id, len]),
        }
        Ok(())
    }

    /// Rewrites one-byte elements as two-byte ones.
    fn widen(&mut self, start: usize) {
        let mut position = start;
        while let Some(head) = self.out.get_mut(position) {
            let len = (*head & 0x0f) + 1;
            *head >>= 4;
            self.out.insert(position + 1, len);
            position += 2 + usize::from(len);
        }
        let profile = Form::TwoByte.profile().to_be_bytes();
        if let Some(place) = self.out.get_mut(start - BLOCK_HEAD_LEN..start - 2) {
            place.copy_from_slice(&profile);
        }
        self.elements = Some((start, Form::TwoByte));
    }

    #[inline]
    fn complete(&mut self) {
        if let Some((start, _)) = self.elements {
            while !(self.out.len() - start).is_multiple_of(4) {
                self.out.push(0);
            }
            let words = (self.out.len() - start) / 4;
            // More than 65,535 words are 262,140 bytes: of elements with their own ids there are at most 65,535 bytes.
            let words = u16::try_from(words).unwrap_or(u16::MAX);
            if let Some(place) = self.out.get_mut(start - 2..start) {
                place.copy_from_slice(&words.to_be_bytes());
            }
        }
        if let Some(place) = self.out.get_mut(self.start..self.start + FIXED_LEN) {
            place.copy_from_slice(&self.fixed);
        }
    }
}

impl Drop for HeaderWriter<'_> {
    fn drop(&mut self) {
        self.complete();
    }
}
