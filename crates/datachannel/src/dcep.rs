//! The Data Channel Establishment Protocol, RFC 8832 §5: the two messages that travel with PPID 50.

use std::str;
use std::time::Duration;

use bytes::{BufMut, Bytes};
use sctp::Reliability;

use crate::config::ChannelConfig;
use crate::error::DecodeError;

/// Message types, RFC 8832 §8.2.1.
const ACK: u8 = 0x02;
const OPEN: u8 = 0x03;

/// The bit of a channel type that means unordered, RFC 8832 §8.2.2.
const UNORDERED: u8 = 0x80;

/// Bytes of an OPEN ahead of its label.
const OPEN_HEADER: usize = 12;

/// A received DCEP message, borrowed from the bytes it came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageRef<'a> {
    /// DATA_CHANNEL_OPEN
    Open(OpenRef<'a>),
    /// DATA_CHANNEL_ACK, which is a single byte; what follows it is passed over.
    Ack,
}

impl<'a> MessageRef<'a> {
    /// Reads a whole message.
    ///
    /// # Errors
    /// When it is not well formed: RFC 8832 §6 then has the stream reset.
    pub fn decode(message: &'a [u8]) -> Result<Self, DecodeError> {
        match message {
            [] => Err(DecodeError {
                offset: 0,
                reason: "message is empty",
            }),
            // Pion sends three more bytes, all zero, behind the one of RFC 8832 §5.2.
            [ACK, ..] => Ok(Self::Ack),
            [OPEN, rest @ ..] => OpenRef::decode(rest).map(Self::Open),
            [_, ..] => Err(DecodeError {
                offset: 0,
                reason: "message type is unknown",
            }),
        }
    }
}

/// DATA_CHANNEL_OPEN, RFC 8832 §5.1:
///
/// ```text
/// |  Message Type |  Channel Type |            Priority           |
/// |                    Reliability Parameter                      |
/// |         Label Length          |       Protocol Length         |
/// |                       Label, Protocol                         |
/// ```
///
/// ```
/// use datachannel::dcep::{MessageRef, OpenRef};
/// use datachannel::Reliability;
///
/// let open = OpenRef { ordered: false, reliability: Reliability::Retransmits(0), ..OpenRef::new("chat") };
/// let mut bytes = Vec::new();
/// open.encode(&mut bytes);
/// assert_eq!(bytes[..2], [0x03, 0x81]);
/// assert_eq!(MessageRef::decode(&bytes), Ok(MessageRef::Open(open)));
/// assert_eq!(MessageRef::decode(&bytes[..15]).unwrap_err().reason, "label is cut off");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenRef<'a> {
    /// Whether messages arrive in the order they were sent.
    pub ordered: bool,
    /// How hard to try to deliver them. On the wire lifetimes are whole milliseconds of 32 bits.
    pub reliability: Reliability,
    /// The weight of the channel, RFC 8831 §6.4.
    pub priority: u16,
    /// At most 65,535 bytes; what is beyond is not written.
    pub label: &'a str,
    /// At most 65,535 bytes; what is beyond is not written.
    pub protocol: &'a str,
}

impl<'a> OpenRef<'a> {
    /// An ordered, reliable channel of normal priority without a protocol.
    pub fn new(label: &'a str) -> Self {
        Self {
            ordered: true,
            reliability: Reliability::Reliable,
            priority: 256,
            label,
            protocol: "",
        }
    }

    /// The message that opens a channel of this configuration.
    pub fn of(config: &'a ChannelConfig) -> Self {
        Self {
            ordered: config.ordered,
            reliability: config.reliability,
            priority: config.priority,
            label: &config.label,
            protocol: &config.protocol,
        }
    }

    /// The configuration that this message asks for.
    pub fn to_config(self) -> ChannelConfig {
        ChannelConfig {
            label: self.label.to_owned(),
            protocol: self.protocol.to_owned(),
            ordered: self.ordered,
            reliability: self.reliability,
            priority: self.priority,
            negotiated: None,
        }
    }

    /// Reads what follows the message type.
    fn decode(rest: &'a [u8]) -> Result<Self, DecodeError> {
        let cut = DecodeError {
            offset: rest.len() + 1,
            reason: "header is cut off",
        };
        let ([channel_type, p0, p1, r0, r1, r2, r3, l0, l1, q0, q1], strings) =
            rest.split_first_chunk::<{ OPEN_HEADER - 1 }>().ok_or(cut)?;
        let parameter = u32::from_be_bytes([*r0, *r1, *r2, *r3]);
        let label_len = usize::from(u16::from_be_bytes([*l0, *l1]));
        let protocol_len = usize::from(u16::from_be_bytes([*q0, *q1]));
        let (label, protocol) = strings.split_at_checked(label_len).ok_or(DecodeError {
            offset: OPEN_HEADER,
            reason: "label is cut off",
        })?;
        if protocol.len() != protocol_len {
            let reason = if protocol.len() < protocol_len {
                "protocol is cut off"
            } else {
                "bytes follow the protocol"
            };
            return Err(DecodeError {
                offset: OPEN_HEADER + label_len,
                reason,
            });
        }
        let label = str::from_utf8(label).map_err(|_| DecodeError {
            offset: OPEN_HEADER,
            reason: "label is not UTF-8",
        })?;
        let protocol = str::from_utf8(protocol).map_err(|_| DecodeError {
            offset: OPEN_HEADER + label_len,
            reason: "protocol is not UTF-8",
        })?;
        let reliability =
            reliability_from_wire(*channel_type & !UNORDERED, parameter).ok_or(DecodeError {
                offset: 1,
                reason: "channel type is unknown",
            })?;
        Ok(Self {
            ordered: channel_type & UNORDERED == 0,
            reliability,
            priority: u16::from_be_bytes([*p0, *p1]),
            label,
            protocol,
        })
    }

    /// Bytes of the message.
    pub fn encoded_len(&self) -> usize {
        OPEN_HEADER + cut(self.label).len() + cut(self.protocol).len()
    }

    /// Appends the message.
    pub fn encode(&self, out: &mut impl BufMut) {
        let (kind, parameter) = reliability_to_wire(self.reliability);
        let (label, protocol) = (cut(self.label), cut(self.protocol));
        out.put_u8(OPEN);
        out.put_u8(if self.ordered { kind } else { kind | UNORDERED });
        out.put_u16(self.priority);
        out.put_u32(parameter);
        out.put_u16(u16::try_from(label.len()).unwrap_or(u16::MAX));
        out.put_u16(u16::try_from(protocol.len()).unwrap_or(u16::MAX));
        out.put_slice(label);
        out.put_slice(protocol);
    }

    pub(crate) fn to_bytes(self) -> Bytes {
        let mut out = Vec::with_capacity(self.encoded_len());
        self.encode(&mut out);
        out.into()
    }
}

/// The acknowledgement, RFC 8832 §5.2.
pub const fn ack() -> Bytes {
    Bytes::from_static(&[ACK])
}

/// As much of a string as a 16-bit length can tell, ending at a whole character.
fn cut(text: &str) -> &[u8] {
    let longest = text.len().min(usize::from(u16::MAX));
    let end = (0..=longest).rev().find(|at| text.is_char_boundary(*at));
    text.get(..end.unwrap_or(0)).unwrap_or("").as_bytes()
}

/// The low bits of the channel type, and the parameter (RFC 8832 §5.1).
fn reliability_to_wire(reliability: Reliability) -> (u8, u32) {
    match reliability {
        Reliability::Reliable => (0x00, 0),
        Reliability::Retransmits(count) => (0x01, count),
        Reliability::Lifetime(time) => (0x02, u32::try_from(time.as_millis()).unwrap_or(u32::MAX)),
    }
}

fn reliability_from_wire(kind: u8, parameter: u32) -> Option<Reliability> {
    match kind {
        0x00 => Some(Reliability::Reliable),
        0x01 => Some(Reliability::Retransmits(parameter)),
        0x02 => Some(Reliability::Lifetime(Duration::from_millis(parameter.into()))),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
