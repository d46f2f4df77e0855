//! A line from the matcher: the union of what the operations take.

use serde::Deserialize;

/// One request.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Request {
    pub(crate) id: u64,
    pub(crate) op: String,
    pub(crate) pc: String,
    pub(crate) sdp: String,
    pub(crate) candidate: String,
    pub(crate) sdp_mid: Option<String>,
    #[serde(rename = "sdpMLineIndex")]
    pub(crate) sdp_m_line_index: Option<u16>,
    pub(crate) label: String,
    pub(crate) protocol: String,
    pub(crate) ordered: Option<bool>,
    pub(crate) max_retransmits: Option<u16>,
    pub(crate) max_packet_life_time: Option<u16>,
    pub(crate) negotiated: Option<u16>,
    pub(crate) text: Option<String>,
    pub(crate) hex: Option<String>,
    pub(crate) seed: u32,
    pub(crate) count: u32,
    pub(crate) max: u32,
    pub(crate) gap_ms: u64,
    pub(crate) lossy: bool,
}
