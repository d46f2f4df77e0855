//! Cryptography providers.

mod algorithm;
#[cfg(feature = "aws-lc-rs")]
mod aws;
pub mod conformance;
#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
mod container;
#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
mod der;
mod error;
#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
mod exchange;
mod keys;
mod provider;
#[cfg(feature = "rust-crypto")]
mod rust;
#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
mod schemes;
mod secret;
#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
mod soft;

pub use algorithm::{Aead, Ctr, Group, Hash, KeyKind, Mac, SignatureScheme};
pub use error::{BadSignature, BadTag, KeyError, KeyExchangeError, SignError};
pub use keys::{AeadKey, CtrKey, HashState, KeyExchange, MacKey, SigningKey};
pub use provider::{Backend, Provider};
pub use secret::{Digest, Secret, constant_time_eq};
