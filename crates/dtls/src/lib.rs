//! DTLS 1.2: client and server, for WebRTC and for TLS over UDP.

mod alert;
mod certificate;
mod codec;
mod config;
mod cookie;
pub mod core;
mod error;
mod fingerprint;
mod flight;
pub mod handshake;
#[cfg(feature = "tokio")]
pub mod io;
mod key_schedule;
mod reassembly;
pub mod record;
mod stats;
mod suite;
mod transcript;

pub use alert::{Alert, AlertDescription, AlertLevel};
pub use certificate::{
    Certificate, CertificateError, CertificateParameters, CertificateRejection, CertificateVerifier,
    PeerVerification, WallClock,
};
pub use codec::DecodeError;
pub use config::{ClientAuth, Config, ExtendedMasterSecret, KeyLog, MIN_RTO, key_log_line};
pub use core::{ApplicationData, Event, Transmit, Version};
pub use crypto::{Group, KeyKind, Provider};
pub use error::{CloseReason, ExportError, SendError};
pub use fingerprint::{Fingerprint, FingerprintAlgorithm, FingerprintError};
#[cfg(feature = "tokio")]
pub use io::{
    ClientConfig, ConnectError, DtlsStream, Listener, ListenerOptions, ServerConfig, accept, connect,
};
pub use key_schedule::Role;
pub use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
pub use stats::{Dropped, Stats};
pub use suite::{CipherSuite, SrtpProfile};
