//! STUN (RFC 8489): message codec, client, server, URIs and authentication.

mod attribute;
pub mod attributes;
mod config;
pub mod core;
mod credentials;
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
pub use config::{Authentication, ClientConfig, ClientStats, ServerConfig, ServerStats, Transport};
pub use credentials::{Credentials, Mechanism, ShortTermIntegrity};
pub use error::{DecodeError, IntegrityError};
pub use framing::StreamDecoder;
pub use integrity::{IntegrityKey, Login};
pub use message::{
    Class, HEADER_LEN, MAGIC_COOKIE, Message, MessageRef, MessageWriter, Method, TransactionId, is_stun,
};
pub use nonce::{NONCE_COOKIE_LEN, SecurityFeatures};
pub use preparation::{PrepareError, opaque_string, prepare_password};
pub use uri::{Host, Scheme, Uri, UriError};
