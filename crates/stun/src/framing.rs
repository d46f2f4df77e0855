//! RFC 8489 §6.2.2: messages one after the other on a TCP or TLS connection that carries nothing else.

use crate::DecodeError;
use crate::message::{COOKIE, HEADER_LEN};

/// Cuts a byte stream into messages.
///
/// Holds at most one message, whose length is bounded by [`with_max_len`](Self::with_max_len) (default: 65,552
/// bytes, all that the length field can say). A stream that is not STUN cannot be resynchronized: close it.
///
/// ```
/// # use stun::{Class, MessageWriter, Method};
/// let mut sent = Vec::new();
/// MessageWriter::new(&mut sent, Class::Request, Method::BINDING, [7; 12].into()).finish();
///
/// let mut decoder = stun::StreamDecoder::new();
/// let mut input = &sent[..11];
/// assert_eq!(decoder.next_message(&mut input)?, None);
/// input = &sent[11..];
/// assert_eq!(decoder.next_message(&mut input)?, Some(&sent[..]));
/// assert_eq!(decoder.next_message(&mut input)?, None);
///
/// let mut http = &b"GET / HTTP/1.1\r\nHost: example.org"[..];
/// assert!(decoder.next_message(&mut http).is_err());
/// # Ok::<(), stun::DecodeError>(())
/// ```
#[derive(Debug)]
pub struct StreamDecoder {
    buffer: Vec<u8>,
    /// The buffer's message has been handed out.
    taken: bool,
    max_len: usize,
}

impl Default for StreamDecoder {
    fn default() -> Self {
        Self::new()
    }
}

impl StreamDecoder {
    /// A decoder at the beginning of a stream.
    pub const fn new() -> Self {
        Self::with_max_len(HEADER_LEN + u16::MAX as usize)
    }

    /// A decoder that refuses messages longer than `max_len` bytes.
    pub const fn with_max_len(max_len: usize) -> Self {
        Self {
            buffer: Vec::new(),
            taken: false,
            max_len,
        }
    }

    /// Takes bytes from `input` up to the end of a message, and gives that message once it is complete. Call it until
    /// it gives `None`; then `input` is empty.
    ///
    /// # Errors
    /// When what comes is not STUN or longer than allowed. It stays so: the connection has to be closed.
    pub fn next_message(&mut self, input: &mut &[u8]) -> Result<Option<&[u8]>, DecodeError> {
        if std::mem::take(&mut self.taken) {
            self.buffer.clear();
        }
        self.take(input, HEADER_LEN);
        let Some(header) = self.buffer.first_chunk::<HEADER_LEN>() else {
            return Ok(None);
        };
        let length = message_len(header)?;
        if length > self.max_len {
            return Err(DecodeError::new("message is longer than allowed", 2));
        }
        self.take(input, length);
        if self.buffer.len() < length {
            return Ok(None);
        }
        self.taken = true;
        Ok(Some(&self.buffer))
    }

    /// Fills the buffer up to `length`, as far as the input goes.
    fn take(&mut self, input: &mut &[u8], length: usize) {
        let missing = length.saturating_sub(self.buffer.len()).min(input.len());
        if let Some((taken, rest)) = input.split_at_checked(missing) {
            self.buffer.extend_from_slice(taken);
            *input = rest;
        }
    }
}

fn message_len(header: &[u8; HEADER_LEN]) -> Result<usize, DecodeError> {
    let [t0, _, l0, l1, c0, c1, c2, c3, ..] = *header;
    if t0 & 0xc0 != 0 {
        return Err(DecodeError::new("first two bits are not zero", 0));
    }
    if [c0, c1, c2, c3] != COOKIE {
        return Err(DecodeError::new("no magic cookie", 4));
    }
    if l1 & 3 != 0 {
        return Err(DecodeError::new("length is not a multiple of four", 2));
    }
    Ok(HEADER_LEN + usize::from(u16::from_be_bytes([l0, l1])))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vectors;

    #[test]
    fn cuts_at_the_same_places_however_the_bytes_arrive() {
        let messages = [
            vectors::REQUEST,
            vectors::RESPONSE_IPV4,
            vectors::LONG_TERM,
            vectors::RESPONSE_IPV6,
        ];
        let stream = messages.concat();
        for size in 1..stream.len() {
            let mut decoder = StreamDecoder::new();
            let mut found = Vec::new();
            for mut input in stream.chunks(size) {
                while let Some(message) = decoder.next_message(&mut input).unwrap() {
                    found.push(message.to_vec());
                }
                assert!(input.is_empty());
            }
            assert_eq!(found, messages, "in pieces of {size}");
        }
    }

    #[test]
    fn holds_no_more_than_one_message() {
        let mut decoder = StreamDecoder::with_max_len(100);
        let mut input = vectors::REQUEST;
        let error = decoder.next_message(&mut input).unwrap_err();
        assert_eq!(error.reason(), "message is longer than allowed");
        assert!(decoder.buffer.len() <= 100);
        assert_eq!(
            decoder.next_message(&mut input).unwrap_err(),
            error,
            "and stays broken"
        );
        let mut decoder = StreamDecoder::with_max_len(108);
        let flood = [vectors::REQUEST; 50].concat();
        let mut input = &flood[..];
        while decoder.next_message(&mut input).unwrap().is_some() {
            assert!(decoder.buffer.capacity() < 300);
        }
    }
}
