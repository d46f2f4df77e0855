//! What an application asks a connection about: state, agreed parameters, exported keys, counters.

use crypto::Group;
use rustls_pki_types::CertificateDer;

use super::Version;
use super::connection::{Connection, Entry, Phase};
use crate::error::ExportError;
use crate::key_schedule::Role;
use crate::stats::Stats;
use crate::suite::{CipherSuite, SrtpProfile};

/// Labels that the protocol itself uses (RFC 5705 §4).
const RESERVED_LABELS: [&[u8]; 5] = [
    b"client finished",
    b"server finished",
    b"master secret",
    b"extended master secret",
    b"key expansion",
];

impl Connection {
    /// Whether data can be sent.
    pub fn is_connected(&self) -> bool {
        self.phase == Phase::Connected
    }

    /// Whether the connection has ended.
    pub fn is_closed(&self) -> bool {
        self.phase == Phase::Closed
    }

    /// Whether the peer has shown that it receives at its address: by a cookie, or by the keys.
    pub fn is_peer_validated(&self) -> bool {
        self.is_connected() || matches!(self.entry, Entry::Admitted)
    }

    /// Bytes that the peer has made this connection hold: fragments, early records, the handshake so far.
    pub fn held_bytes(&self) -> usize {
        self.inbound.held_bytes() + self.early.held_bytes() + self.context.transcript.bytes().len()
    }

    /// Which end this is.
    pub fn role(&self) -> Role {
        self.context.role
    }

    /// The version, once connected.
    pub fn version(&self) -> Option<Version> {
        self.context.session.master.as_ref().map(|_| Version::Dtls12)
    }

    /// The cipher suite, once the keys are made.
    pub fn cipher_suite(&self) -> Option<CipherSuite> {
        self.context.session.suite
    }

    /// The key exchange group, once agreed.
    pub fn group(&self) -> Option<Group> {
        self.context.session.group
    }

    /// The SRTP protection profile, if both sides have one in common.
    pub fn srtp_profile(&self) -> Option<SrtpProfile> {
        self.context.session.srtp_profile
    }

    /// The application protocol, if one was agreed on.
    pub fn alpn(&self) -> Option<&[u8]> {
        self.context.session.protocol.as_deref()
    }

    /// The name that a client asked a server for.
    pub fn server_name(&self) -> Option<&str> {
        self.context.session.server_name.as_deref()
    }

    /// The peer's certificates, its own first; empty if it has none or was not asked.
    pub fn peer_certificates(&self) -> &[CertificateDer<'static>] {
        &self.context.session.peer_chain
    }

    /// Exports keying material (RFC 5705); DTLS-SRTP's label is `EXTRACTOR-dtls_srtp`, without a context.
    ///
    /// # Errors
    /// Before the connection is established, or for a label or context that may not be used.
    pub fn export_keying_material(
        &self,
        label: &str,
        context: Option<&[u8]>,
        out: &mut [u8],
    ) -> Result<(), ExportError> {
        let too_long = context.is_some_and(|context| context.len() > usize::from(u16::MAX));
        if too_long || RESERVED_LABELS.contains(&label.as_bytes()) {
            return Err(ExportError::NotAllowed);
        }
        let master = self
            .context
            .session
            .master
            .as_ref()
            .filter(|_| self.is_connected());
        master
            .ok_or(ExportError::NotConnected)?
            .export(label.as_bytes(), context, out);
        Ok(())
    }

    /// What was counted so far.
    pub fn stats(&self) -> Stats {
        self.stats
    }
}
