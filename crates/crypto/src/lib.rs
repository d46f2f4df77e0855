//! Cryptography providers.

mod algorithm;
#[cfg(feature = "aws-lc-rs")]
mod aws;
mod container;
mod der;
mod error;
mod exchange;
mod keys;
mod provider;
mod schemes;
mod secret;
mod soft;

pub use algorithm::{Aead, Ctr, Group, Hash, KeyKind, Mac, SignatureScheme};
pub use error::{BadSignature, BadTag, KeyError, KeyExchangeError, SignError};
pub use keys::{AeadKey, CtrKey, HashState, KeyExchange, MacKey, SigningKey};
pub use provider::{Backend, Provider};
pub use secret::{Digest, Secret, constant_time_eq};
