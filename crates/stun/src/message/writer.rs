//! RFC 8489 §6.1: writing a message behind whatever the caller's buffer already holds.

use super::{COOKIE, Class, FINGERPRINT_XOR, HEADER_LEN, Method, TransactionId, encode_type};
use crate::attribute::{Attribute, AttributeType, RawAttribute};
use crate::integrity::IntegrityKey;

/// The largest value of the header's length field: 16 bits, a multiple of four.
const MAX_BODY: usize = 65_532;

/// Appends one message to a buffer; attributes come in the order of the calls.
///
/// Integrity goes behind all other attributes, the fingerprint behind that: receivers ignore the rest.
///
/// ```
/// use stun::{Class, IntegrityKey, MessageWriter, Method, attributes::Username};
///
/// let key = IntegrityKey::short_term(&crypto::Provider::default(), "VOkJxbRl1RmTxUk/WvJxBt");
/// let mut out = Vec::new();
/// let length = MessageWriter::new(&mut out, Class::Request, Method::BINDING, [7; 12].into())
///     .attribute(&Username("evtj:h6vY"))
///     .integrity(&key)
///     .fingerprint()
///     .finish();
/// assert_eq!(length, out.len());
///
/// // What does not fit a message is not sent cut off: nothing is written.
/// let long = "a".repeat(600);
/// let length = MessageWriter::new(&mut out, Class::Request, Method::BINDING, [7; 12].into())
///     .attribute(&Username(&long))
///     .finish();
/// assert_eq!(length, 0);
/// ```
#[derive(Debug)]
pub struct MessageWriter<'b> {
    out: &'b mut Vec<u8>,
    start: usize,
    id: TransactionId,
    overflow: bool,
}

impl<'b> MessageWriter<'b> {
    /// Begins a message at the end of `out`.
    #[inline]
    pub fn new(out: &'b mut Vec<u8>, class: Class, method: Method, id: TransactionId) -> Self {
        let start = out.len();
        let [t0, t1] = encode_type(class, method).to_be_bytes();
        let [c0, c1, c2, c3] = COOKIE;
        out.extend_from_slice(&[t0, t1, 0, 0, c0, c1, c2, c3]);
        out.extend_from_slice(id.as_bytes());
        Self {
            out,
            start,
            id,
            overflow: false,
        }
    }

    /// Appends an attribute.
    #[inline]
    pub fn attribute<'v, A: Attribute<'v>>(&mut self, attribute: &A) -> &mut Self {
        let header = self.out.len();
        let [t0, t1] = A::TYPE.0.to_be_bytes();
        self.out.extend_from_slice(&[t0, t1, 0, 0]);
        attribute.encode(&self.id, self.out);
        self.end_attribute(header, A::MAX_LEN);
        self
    }

    /// Appends an attribute if there is one.
    #[inline]
    pub fn optional<'v, A: Attribute<'v>>(&mut self, attribute: Option<&A>) -> &mut Self {
        match attribute {
            Some(attribute) => self.attribute(attribute),
            None => self,
        }
    }

    /// Appends an attribute from its bytes.
    pub fn raw(&mut self, ty: AttributeType, value: &[u8]) -> &mut Self {
        let header = self.out.len();
        let [t0, t1] = ty.0.to_be_bytes();
        self.out.extend_from_slice(&[t0, t1, 0, 0]);
        self.out.extend_from_slice(value);
        self.end_attribute(header, RawAttribute::MAX_LEN);
        self
    }

    /// Fills in the length of the attribute that began at `header`, and pads it.
    fn end_attribute(&mut self, header: usize, longest: usize) {
        let length = self.out.len() - header - 4;
        let end = header + 4 + length.next_multiple_of(4);
        let encoded = u16::try_from(length).ok().filter(|_| length <= longest);
        let (Some(encoded), true) = (encoded, end - self.start - HEADER_LEN <= MAX_BODY) else {
            self.out.truncate(header);
            self.overflow = true;
            return;
        };
        if let Some(field) = self.out.get_mut(header + 2..header + 4) {
            field.copy_from_slice(&encoded.to_be_bytes());
        }
        self.out.resize(end, 0);
    }

    /// Sets the header's length as if `more` bytes followed.
    fn set_length(&mut self, more: usize) {
        let length = self.out.len() - self.start - HEADER_LEN + more;
        // `end_attribute` keeps the body below 64 KiB; what closes it may not.
        let Ok(length) = u16::try_from(length) else {
            self.overflow = true;
            return;
        };
        if let Some(field) = self.out.get_mut(self.start + 2..self.start + 4) {
            field.copy_from_slice(&length.to_be_bytes());
        }
    }

    /// Appends MESSAGE-INTEGRITY over everything so far (RFC 8489 §14.5).
    #[inline]
    pub fn integrity(&mut self, key: &IntegrityKey) -> &mut Self {
        self.set_length(24);
        let tag = key.sign_sha1(&[self.out.get(self.start..).unwrap_or_default()]);
        self.raw(AttributeType::MESSAGE_INTEGRITY, tag.as_ref())
    }

    /// Appends MESSAGE-INTEGRITY-SHA256 over everything so far (RFC 8489 §14.6).
    pub fn integrity_sha256(&mut self, key: &IntegrityKey) -> &mut Self {
        self.integrity_sha256_truncated(key, 32)
    }

    /// As [`integrity_sha256`](Self::integrity_sha256) with the code cut to `length` bytes, for a usage that
    /// allows it; brought into 16..=32 and to a multiple of four (RFC 8489 §14.6).
    pub fn integrity_sha256_truncated(&mut self, key: &IntegrityKey, length: usize) -> &mut Self {
        let length = (length.clamp(16, 32)) & !3;
        self.set_length(4 + length);
        let tag = key.sign_sha256(&[self.out.get(self.start..).unwrap_or_default()]);
        let tag = tag.as_ref().get(..length).unwrap_or_default();
        self.raw(AttributeType::MESSAGE_INTEGRITY_SHA256, tag)
    }

    /// Appends FINGERPRINT over everything so far (RFC 8489 §14.7).
    #[inline]
    pub fn fingerprint(&mut self) -> &mut Self {
        self.set_length(8);
        let crc = crc32fast::hash(self.out.get(self.start..).unwrap_or_default()) ^ FINGERPRINT_XOR;
        self.raw(AttributeType::FINGERPRINT, &crc.to_be_bytes())
    }

    /// Completes the header and says how many bytes were appended.
    ///
    /// 0 when an attribute was longer than it may be or the message longer than 64 KiB: then the buffer is as
    /// it was before.
    #[inline]
    pub fn finish(&mut self) -> usize {
        self.set_length(0);
        if self.overflow {
            self.out.truncate(self.start);
        }
        self.out.len() - self.start
    }
}

impl RawAttribute<'_> {
    /// The longest value that fits a message.
    pub(crate) const MAX_LEN: usize = MAX_BODY - 4;
}
