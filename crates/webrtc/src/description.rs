//! Offers, answers and candidates as applications exchange them (W3C webrtc-pc §4.6 and §4.8.1).

use std::fmt;
use std::str::FromStr;

/// The type of a [`SessionDescription`] (`RTCSdpType`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SdpType {
    /// An offer.
    Offer,
    /// An answer that is not final.
    Pranswer,
    /// The final answer, which ends the exchange.
    Answer,
    /// Takes the pending offer back (RFC 9429 §4.1.10.2). Carries no SDP.
    Rollback,
}

impl fmt::Display for SdpType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Offer => "offer",
            Self::Pranswer => "pranswer",
            Self::Answer => "answer",
            Self::Rollback => "rollback",
        })
    }
}

/// The name of an [`SdpType`] is not one of `offer`, `pranswer`, `answer` and `rollback`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a description's type is offer, pranswer, answer or rollback")]
pub struct UnknownSdpType;

impl FromStr for SdpType {
    type Err = UnknownSdpType;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        match name {
            "offer" => Ok(Self::Offer),
            "pranswer" => Ok(Self::Pranswer),
            "answer" => Ok(Self::Answer),
            "rollback" => Ok(Self::Rollback),
            _ => Err(UnknownSdpType),
        }
    }
}

/// One side's view of the session: its type and its SDP (`RTCSessionDescription`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionDescription {
    /// Offer, answer, provisional answer or rollback.
    pub kind: SdpType,
    /// The text, RFC 8866. Empty for a rollback.
    pub sdp: String,
}

impl SessionDescription {
    /// An offer from the peer.
    #[must_use]
    pub fn offer(sdp: impl Into<String>) -> Self {
        Self {
            kind: SdpType::Offer,
            sdp: sdp.into(),
        }
    }

    /// A final answer from the peer.
    #[must_use]
    pub fn answer(sdp: impl Into<String>) -> Self {
        Self {
            kind: SdpType::Answer,
            sdp: sdp.into(),
        }
    }

    /// Takes the pending offer back.
    #[must_use]
    pub const fn rollback() -> Self {
        Self {
            kind: SdpType::Rollback,
            sdp: String::new(),
        }
    }
}

/// A candidate as it travels between the peers (`RTCIceCandidateInit`).
///
/// An empty `candidate` says that this generation of candidates is complete (RFC 8838 §8).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IceCandidateInit {
    /// The candidate-attribute of RFC 8839 §5.1, `candidate:…`.
    pub candidate: String,
    /// The `a=mid` of the section that it belongs to.
    pub sdp_mid: Option<String>,
    /// The index of that section, from 0, used when `sdp_mid` is absent.
    pub sdp_m_line_index: Option<u16>,
    /// The ufrag of the ICE generation that it belongs to; absent means the current one.
    pub username_fragment: Option<String>,
}

impl IceCandidateInit {
    /// A candidate of the first section.
    #[must_use]
    pub fn new(candidate: impl Into<String>) -> Self {
        Self {
            candidate: candidate.into(),
            sdp_m_line_index: Some(0),
            ..Self::default()
        }
    }
}

/// What an offer is to be like (`RTCOfferOptions`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OfferOptions {
    /// Asks for new ICE credentials, as `restart_ice` does.
    pub ice_restart: bool,
}

/// How a data channel is to be (`RTCDataChannelInit`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataChannelInit {
    /// Whether messages arrive in the order they were sent. Default: true.
    pub ordered: bool,
    /// How long, in milliseconds, a message may be retransmitted. Default: none, which is for ever.
    pub max_packet_life_time: Option<u16>,
    /// How often a message may be retransmitted. Default: none, which is as often as it takes.
    pub max_retransmits: Option<u16>,
    /// A name of the protocol spoken on the channel, at most 65,535 bytes. Default: empty.
    pub protocol: String,
    /// Whether both applications create the channel with the same `id`, so that nothing is announced. Default: false.
    pub negotiated: bool,
    /// The stream id, 0…65,534. Needed when `negotiated`, ignored otherwise. Default: none.
    pub id: Option<u16>,
    /// The weight against other channels (W3C webrtc-priority). Default: low, 256.
    pub priority: Priority,
}

impl Default for DataChannelInit {
    fn default() -> Self {
        Self {
            ordered: true,
            max_packet_life_time: None,
            max_retransmits: None,
            protocol: String::new(),
            negotiated: false,
            id: None,
            priority: Priority::Low,
        }
    }
}

/// How much a channel weighs against the others (`RTCPriorityType`, with the weights of RFC 8831 §6.4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Priority {
    /// 128.
    VeryLow,
    /// 256, the default of browsers.
    #[default]
    Low,
    /// 512.
    Medium,
    /// 1024.
    High,
}

impl Priority {
    /// The value on the wire (RFC 8832 §5.1).
    #[must_use]
    pub const fn weight(self) -> u16 {
        match self {
            Self::VeryLow => 128,
            Self::Low => 256,
            Self::Medium => 512,
            Self::High => 1024,
        }
    }
}
