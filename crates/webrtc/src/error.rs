//! What goes wrong: misuse is returned by the call, the end of a connection is one event with its cause.

use crate::core::ParametersError;
use crate::description::SdpType;
use crate::states::{DataChannelState, SignalingState};

/// A call that cannot be carried out. The connection is as it was before.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The connection is closed (`InvalidStateError`). Make another one.
    #[error("the connection is closed")]
    Closed,
    /// The description does not fit the state of the exchange (`InvalidStateError`, RFC 9429 §4.1.10).
    #[error("a {kind} cannot be applied in the state {state}")]
    WrongState {
        /// The description's type.
        kind: SdpType,
        /// The signaling state that it met.
        state: SignalingState,
    },
    /// An answer was asked for without an offer to answer (`InvalidStateError`).
    #[error("there is no remote offer to answer")]
    NoRemoteOffer,
    /// A candidate came before any remote description (`InvalidStateError`). Hold it until then.
    #[error("a candidate needs a remote description first")]
    NoRemoteDescription,
    /// A local description that `create_offer` or `create_answer` did not make last (`InvalidModificationError`).
    #[error("the local description is not the one created last")]
    ModifiedDescription,
    /// The SDP cannot be parsed.
    #[error("the description cannot be parsed")]
    Sdp(#[from] sdp::ParseError),
    /// The SDP can be parsed, but something that WebRTC needs is missing or wrong in it.
    #[error("the description is not usable: {0}")]
    Description(DescriptionError),
    /// The candidate cannot be parsed (`OperationError`).
    #[error("the candidate cannot be parsed")]
    CandidateSyntax(#[from] ice::ParseCandidateError),
    /// The candidate is refused (`OperationError`).
    #[error("the candidate is not usable")]
    Candidate(#[from] ice::CandidateError),
    /// The candidate names a section that the descriptions do not have.
    #[error("the candidate belongs to no section")]
    UnknownSection,
    /// A server's URL cannot be understood (`SyntaxError`).
    #[error("the URL of an ICE server cannot be used: {0}")]
    IceServer(String),
    /// The certificate that was given has expired (`InvalidAccessError`).
    #[error("the certificate has expired")]
    CertificateExpired,
    /// No certificate could be made.
    #[error("no certificate could be made: {0}")]
    Certificate(#[from] dtls::CertificateError),
    /// The channel's parameters cannot be used (`TypeError`), or no stream is left for it (`OperationError`).
    #[error("the data channel cannot be created: {0}")]
    DataChannel(#[from] datachannel::OpenError),
    /// Both `max_packet_life_time` and `max_retransmits` were given (`TypeError`).
    #[error("a channel is limited by time or by retransmissions, not by both")]
    TwoLimits,
    /// A negotiated channel needs an id (`TypeError`).
    #[error("a negotiated channel needs an id")]
    NegotiatedWithoutId,
    /// Encodings, streams or a track that cannot be used.
    #[error("the parameters cannot be used: {0}")]
    Parameters(#[from] ParametersError),
    /// Codec preferences with a codec that the engine does not have, or with none on which frames are sent
    /// (`InvalidModificationError`).
    #[error("the codec preferences name an unknown codec, or none for frames")]
    CodecPreferences,
    /// The transceiver is stopped or stopping, or of another connection (`InvalidStateError`).
    #[error("the transceiver is stopped")]
    TransceiverStopped,
    /// There are [`MAX_TRANSCEIVERS`](crate::core::MAX_TRANSCEIVERS) already (`OperationError`).
    #[error("too many transceivers")]
    TooManyTransceivers,
    /// No socket could be opened.
    #[error("no socket could be opened")]
    Io(#[from] std::io::Error),
}

/// What is missing or wrong in a description that parses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DescriptionError {
    /// No `a=ice-ufrag` or `a=ice-pwd` (RFC 8839 §5.4).
    #[error("no ICE credentials")]
    NoIceCredentials,
    /// Credentials outside the lengths or letters of RFC 8839 §5.4.
    #[error("ICE credentials that are too short, too long or of other letters")]
    BadIceCredentials,
    /// No `a=fingerprint` that we can check (RFC 8122 §5).
    #[error("no certificate fingerprint that can be checked")]
    NoFingerprint,
    /// No `a=setup`, or one that the exchange does not allow (RFC 8842 §5).
    #[error("a DTLS role that does not fit")]
    BadSetup,
    /// The sections of an answer are not those of its offer (RFC 3264 §6).
    #[error("an answer whose sections are not those of the offer")]
    SectionsDiffer,
    /// A later offer has fewer sections than an earlier description (RFC 3264 §8).
    #[error("a section of an earlier description is gone")]
    SectionGone,
    /// The peer changed its certificate or DTLS role within a connection, which would need a new DTLS association.
    #[error("a new DTLS association within a connection")]
    NewDtlsAssociation,
    /// More sections than [`MAX_SECTIONS`](crate::core::MAX_SECTIONS).
    #[error("too many sections")]
    TooManySections,
    /// Two sections have the same mid (RFC 5888 §4).
    #[error("two sections with the same mid")]
    SameMid,
    /// A section changed its place, its mid or its kind within a session (RFC 3264 §8).
    #[error("a section with another mid or kind than before")]
    SectionMoved,
    /// A BUNDLE group names a section that there is not, or a section is in two groups (RFC 9143 §7.1).
    #[error("a BUNDLE group with unknown or repeated sections")]
    BadGroup,
    /// Two sections of a BUNDLE group mean different codecs by one payload type (RFC 9143 §10.1.1).
    #[error("a payload type with two meanings in one BUNDLE group")]
    PayloadTypeTwice,
    /// Two sections of a BUNDLE group mean different header extensions by one id (RFC 9143 §10.2).
    #[error("an extension id with two meanings in one BUNDLE group")]
    ExtensionIdTwice,
    /// An answer accepts several sections and does not bundle them, which takes more transports than we have.
    #[error("an answer whose sections are not bundled")]
    NotBundled,
    /// An answer wants RTCP on a port of its own (RFC 9429 §5.8.3).
    #[error("an answer without rtcp-mux")]
    NoRtcpMux,
    /// An answer accepts a section with no codec of its offer.
    #[error("an answer without a codec of the offer")]
    NoCommonCodec,
}

impl From<DescriptionError> for Error {
    fn from(error: DescriptionError) -> Self {
        Self::Description(error)
    }
}

/// A message that was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SendError {
    /// The channel is not open (`InvalidStateError`).
    #[error("the channel is {0}")]
    NotOpen(DataChannelState),
    /// The message is larger than the peer takes (`TypeError`). Split it.
    #[error("the message is larger than the {limit} bytes that the peer accepts")]
    TooLarge {
        /// The peer's `a=max-message-size` or our own limit, in bytes.
        limit: usize,
    },
    /// The send buffer is full (`OperationError`). Wait for room: `send` does, `try_send` does not.
    #[error("the send buffer is full")]
    BufferFull,
}

/// Why a connection ended without the application asking for it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FailureReason {
    /// ICE found no pair that works, or lost the one it had.
    #[error("ICE failed: {0}")]
    Ice(ice::FailReason),
    /// The peer was reached, but none of its own checks knew our password, so that it could not answer DTLS: its description
    /// of us is not ours.
    #[error(
        "the peer does not know our ICE credentials: {refused} of its checks were refused and none was right"
    )]
    CredentialsRefused {
        /// How many checks came with other credentials.
        refused: u64,
    },
    /// The DTLS handshake failed or the association was closed with an error.
    #[error("DTLS failed: {0}")]
    Dtls(dtls::CloseReason),
    /// The SCTP association failed.
    #[error("SCTP failed: {0}")]
    Sctp(sctp::CloseReason),
}
