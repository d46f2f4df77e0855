//! # What it is
//!
//! RTP as bytes: packets, header extensions and payload formats. It has no clock, no socket and no state of a session.
//!
//! # RFCs
//!
//! RFC 3550 §5 (packets), RFC 8285 (header extensions).
//!
//! # Read a packet
//!
//! # Write a packet
//!
//! # Limits and defaults
//!
//! # What it does not do

pub mod extension;
pub mod payload;

mod error;
mod list;
mod packet;
mod sequence;

pub use error::{DecodeError, ExtensionError};
pub use list::InlineList;
pub use packet::{
    Csrcs, ExtensionSet, Extensions, Form, FormRule, Header, HeaderRef, HeaderWriter, Packet, PacketMut, PacketRef, is_rtcp,
};
pub use sequence::{SequenceUnwrapper, Sequencer, TimestampUnwrapper, Unwrapper};
