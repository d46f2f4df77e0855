//! STUN (RFC 8489): message codec, client, server, URIs and authentication.

mod attribute;
pub mod attributes;
mod error;
mod integrity;
mod message;
#[cfg(test)]
mod vectors;

pub use attribute::{Attribute, AttributeType, Attributes, RawAttribute};
pub use error::{DecodeError, IntegrityError};
pub use integrity::{IntegrityKey, Login};
pub use message::{
    Class, HEADER_LEN, MAGIC_COOKIE, MessageRef, MessageWriter, Method, TransactionId, is_stun,
};
