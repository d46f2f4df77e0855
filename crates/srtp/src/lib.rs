//! # What it is
//! SRTP and SRTCP.

mod config;
pub mod core;
mod error;
mod keys;
mod profile;
mod stats;

pub use config::{Config, Cryptex, MAX_KEYS, MAX_MKI};
pub use core::{Inbound, Outbound};
pub use error::{ConfigError, ProtectError, Rejected};
pub use keys::{EXPORTER_LABEL, KeyPair, MasterKey};
pub use profile::Profile;
pub use stats::{Rejections, Stats};
