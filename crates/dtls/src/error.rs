//! Misuse, and the ways a connection ends. Noise from the peer is neither: it is counted in [`Stats`](crate::Stats).

use crate::alert::AlertDescription;
use crate::certificate::CertificateRejection;
use crate::fingerprint::Fingerprint;

/// Why data was not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SendError {
    /// The handshake is not over. Wait for [`Event::Connected`](crate::Event::Connected).
    #[error("not connected")]
    NotConnected,
    /// The connection has ended.
    #[error("closed")]
    Closed,
    /// More than the 16384 bytes of a record.
    #[error("record too long")]
    TooLong,
    /// The queue is full: drain it with `poll_transmit` first.
    #[error("send queue full")]
    QueueFull,
    /// The buffer given to `seal` is shorter than its head room.
    #[error("no head room in the buffer")]
    NoHeadRoom,
    /// All 2^48 records of the connection were sent: make another one.
    #[error("sequence numbers used up")]
    SequenceNumbersExhausted,
}

/// Why keying material was not exported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// There are no keys before the connection is established.
    #[error("not connected")]
    NotConnected,
    /// The label is one the protocol itself uses, or the context is longer than 65535 bytes.
    #[error("label or context not allowed")]
    NotAllowed,
}

/// Why a connection ended.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CloseReason {
    /// The peer closed in an orderly way.
    #[error("closed by the peer")]
    CloseNotify,
    /// `close` was called.
    #[error("closed locally")]
    LocalClose,
    /// The peer gave up and says why.
    #[error("the peer sent the alert {0}")]
    AlertReceived(AlertDescription),
    /// The peer broke the protocol, or there is nothing in common with it; the alert was sent to it.
    #[error("{cause} (alert {alert} sent)")]
    HandshakeFailed {
        /// What the peer was told.
        alert: AlertDescription,
        /// What was wrong.
        cause: &'static str,
    },
    /// The certificate is another one than signalling announced: a misconfiguration, or somebody in between.
    #[error("certificate fingerprint {received} was not announced")]
    FingerprintMismatch {
        /// What signalling announced.
        expected: Vec<Fingerprint>,
        /// What the peer has.
        received: Fingerprint,
    },
    /// The certificate was refused.
    #[error("certificate rejected: {0}")]
    CertificateRejected(CertificateRejection),
    /// The peer did not answer within [`Config::handshake_timeout`](crate::Config::handshake_timeout).
    #[error("handshake timed out")]
    HandshakeTimeout,
}

impl CloseReason {
    /// What the peer is told, if anything.
    pub(crate) fn alert(&self) -> Option<AlertDescription> {
        match self {
            Self::CloseNotify | Self::LocalClose => Some(AlertDescription::CLOSE_NOTIFY),
            Self::AlertReceived(_) | Self::HandshakeTimeout => None,
            Self::HandshakeFailed { alert, .. } => Some(*alert),
            Self::FingerprintMismatch { .. } => Some(AlertDescription::BAD_CERTIFICATE),
            Self::CertificateRejected(rejection) => Some(rejection.alert()),
        }
    }
}
