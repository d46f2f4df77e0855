//! RFC 7941, RFC 8852, RFC 9143 §14: which media section and which simulcast layer a packet belongs to.

use bytes::BufMut;

use super::Extension;
use crate::DecodeError;

/// Text up to its end or a zero byte, with which some senders fill up.
fn text(data: &[u8]) -> Result<&str, DecodeError> {
    let end = data.iter().position(|byte| *byte == 0).unwrap_or(data.len());
    let (text, _) = data.split_at_checked(end).unwrap_or((data, &[]));
    match std::str::from_utf8(text) {
        Ok("") => Err(DecodeError::new("text is empty", 0)),
        Ok(text) => Ok(text),
        Err(error) => Err(DecodeError::new("text is not UTF-8", error.valid_up_to())),
    }
}

/// As much of a text as fits into an element.
fn fitting(text: &str) -> &str {
    let mut end = 255;
    if text.len() <= end {
        return text;
    }
    loop {
        match text.split_at_checked(end) {
            Some((fitting, _)) => return fitting,
            None => end -= 1, // inside a character; 0 is not
        }
    }
}

macro_rules! identity {
    ($($(#[$doc:meta])* $name:ident = $uri:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct $name<'a>(
            /// At most 255 bytes; what is longer is cut when written.
            pub &'a str,
        );

        impl<'a> Extension<'a> for $name<'a> {
            const URI: &'static str = $uri;

            fn decode(data: &'a [u8]) -> Result<Self, DecodeError> {
                text(data).map(Self)
            }

            fn encoded_len(&self) -> usize {
                fitting(self.0).len()
            }

            fn encode(&self, out: &mut impl BufMut) {
                out.put_slice(fitting(self.0).as_bytes());
            }
        }
    )*};
}

identity! {
    /// The media section (`a=mid`) of a packet, by which bundled streams are told apart (RFC 9143 §9.2).
    Mid = "urn:ietf:params:rtp-hdrext:sdes:mid";
    /// The simulcast layer or other restriction (`a=rid`) of a stream (RFC 8852 §3.1).
    Rid = "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id";
    /// The `a=rid` of the stream that this one repairs (RFC 8852 §3.2).
    RepairedRid = "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id";
}
