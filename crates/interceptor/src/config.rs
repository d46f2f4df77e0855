//! What a chain can be told beforehand.

use crate::inbound::NackConfig;
use crate::outbound::HistoryConfig;
use crate::stream::ExtensionIds;
use std::time::Duration;

/// Settings of a chain. The defaults suit WebRTC; where they are those of libwebrtc this is noted.
#[derive(Clone, Debug)]
pub struct Config {
    /// The canonical name in SDES (RFC 7022), the same for all that one peer sends. Default `None`: 96 random bits in base64.
    pub cname: Option<String>,
    /// The SSRC of reports while nothing is sent. Default `None`: random.
    pub ssrc: Option<u32>,
    /// Ids of header extensions on received packets. Default: none.
    pub extensions: ExtensionIds,
    /// Largest RTCP datagram in bytes, before SRTCP; at least 576, which holds the longest name and a message. Default 1,200.
    pub mtu: usize,
    /// Feedback goes without a report in front (RFC 5506, `a=rtcp-rsize`). Default off, since it must be negotiated.
    pub reduced_size: bool,
    /// Time between regular reports on average, `T_rr_interval` of RFC 4585 §3.4; each interval is half to one and a half of
    /// it. Longer when reports exceed the bandwidth. Default 1 s, as libwebrtc for video.
    pub report_interval: Duration,
    /// RTCP bandwidth in bits per second that is there whatever the media; 5 % of the media come on top. Default 100,000.
    pub rtcp_bandwidth: u64,
    /// Receiver reference times are sent, so that the round trip is known while only receiving (RFC 3611 §4.4,
    /// `a=rtcp-xr:rcvr-rtt`). Default off, since it must be negotiated.
    pub receiver_rtt: bool,
    /// Time between transport-wide or RFC 8888 feedback messages while packets come. Default 50 ms, as libwebrtc at its fastest.
    pub feedback_interval: Duration,
    /// Results of feedback that wait for [`take_feedback`](crate::Chain::take_feedback); the oldest go first. 0 keeps none.
    /// Default 1,024.
    pub max_results: usize,
    /// Packets of a stream that may be missing and asked for at once. Default 512.
    pub max_missing: usize,
    /// How often a packet is asked for. Default 10, as libwebrtc.
    pub max_nacks: u8,
    /// After which time a missing packet is given up. Default 2 s.
    pub max_nack_age: Duration,
    /// The most that asking for a packet is put off, where packets were seen to be reordered. Default 30 ms.
    pub max_reordering: Duration,
    /// Packets of a stream kept for retransmission, rounded up to a power of two; the memory grows with the stream's rate up to
    /// it. Default 1,024.
    pub max_history: usize,
    /// How old a packet may be to be sent again (`rtx-time`). Default 1 s.
    pub max_history_age: Duration,
    /// How often a packet is sent again. Default 10.
    pub max_retransmissions: u8,
    /// Retransmissions that wait for [`poll_rtp`](crate::Chain::poll_rtp); more are dropped. Default 512.
    pub max_queued: usize,
    /// Least time between two key frame requests for a stream, sent (or a round trip, if that is longer) or passed on to the
    /// application. Default 300 ms, as libwebrtc.
    pub key_frame_interval: Duration,
    /// Streams each way. Default 1,024; at most 65,536.
    pub max_streams: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            cname: None,
            ssrc: None,
            extensions: ExtensionIds::default(),
            mtu: 1200,
            reduced_size: false,
            report_interval: Duration::from_secs(1),
            rtcp_bandwidth: 100_000,
            receiver_rtt: false,
            feedback_interval: Duration::from_millis(50),
            max_results: 1024,
            max_missing: 512,
            max_nacks: 10,
            max_nack_age: Duration::from_secs(2),
            max_reordering: Duration::from_millis(30),
            max_history: 1024,
            max_history_age: Duration::from_secs(1),
            max_retransmissions: 10,
            max_queued: 512,
            key_frame_interval: Duration::from_millis(300),
            max_streams: 1024,
        }
    }
}

impl Config {
    pub(crate) const fn nack(&self) -> NackConfig {
        NackConfig {
            max_missing: self.max_missing,
            max_tries: self.max_nacks,
            max_age: self.max_nack_age,
            max_delay: self.max_reordering,
        }
    }

    pub(crate) fn history(&self) -> HistoryConfig {
        HistoryConfig {
            // A quarter of the numbers, so that an old number is not taken for a coming one.
            max_packets: self.max_history.clamp(1, 1 << 14).next_power_of_two(),
            max_age: self.max_history_age,
            max_retransmissions: self.max_retransmissions,
        }
    }

    /// The datagram limit in effect.
    pub(crate) fn datagram_limit(&self) -> usize {
        self.mtu.clamp(576, 65_000)
    }
}
