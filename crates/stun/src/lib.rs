//! STUN (RFC 8489): message codec, client, server, URIs and authentication.

mod attribute;
pub mod attributes;
mod error;
mod framing;
mod integrity;
mod message;
mod nonce;
mod preparation;
mod uri;
#[cfg(test)]
mod vectors;

pub use attribute::{Attribute, AttributeType, Attributes, RawAttribute};
pub use error::{DecodeError, IntegrityError};
pub use framing::StreamDecoder;
pub use integrity::{IntegrityKey, Login};
pub use message::{
    Class, HEADER_LEN, MAGIC_COOKIE, MessageRef, MessageWriter, Method, TransactionId, is_stun,
};
pub use nonce::{NONCE_COOKIE_LEN, SecurityFeatures};
pub use preparation::{PrepareError, opaque_string, prepare_password};
pub use uri::{Host, Scheme, Uri, UriError};
