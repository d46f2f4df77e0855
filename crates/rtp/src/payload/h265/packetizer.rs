//! RFC 7798 §5: cutting access units.

use super::super::Payloads;
use super::super::nal::{Cutter, Format, Role};
use super::{NalHeader, NalType};

/// How access units are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Config {
    /// Whether parameter sets are repeated in front of an IDR, CRA or BLA picture that comes without any, as
    /// draft-ietf-avtcore-hevc-webrtc §2 wants. Default: true.
    pub repeat_parameter_sets: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            repeat_parameter_sets: true,
        }
    }
}

/// Cuts access units, which come with start codes: small units together (AP), large ones in fragments (FU).
///
/// ```
/// use rtp::payload::h265::{Depacketizer, Packetizer};
/// use rtp::payload::{Depacketizer as _, Packetizer as _, Payloads};
///
/// let frame = [&[0, 0, 0, 1, 0x42, 1, 7, 0, 0, 0, 1, 0x26, 1][..], &[0xaf; 2000]].concat();
/// let mut payloads = Payloads::new();
/// Packetizer::default().packetize(&frame, 1200, &mut payloads);
/// assert_eq!(payloads.len(), 3); // the parameter set, two fragments
///
/// let (mut depacketizer, mut out) = (Depacketizer::new(), Vec::new());
/// for payload in &payloads {
///     depacketizer.depacketize(payload, &mut out)?;
/// }
/// assert_eq!(out, frame);
/// # Ok::<(), rtp::DecodeError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Packetizer {
    cutter: Cutter,
}

impl Packetizer {
    /// One with these settings.
    pub fn new(config: Config) -> Self {
        Self {
            cutter: Cutter::new(false, config.repeat_parameter_sets),
        }
    }
}

impl Default for Packetizer {
    fn default() -> Self {
        Self::new(Config::default())
    }
}

impl super::super::Packetizer for Packetizer {
    fn packetize(&mut self, frame: &[u8], mtu: usize, out: &mut Payloads) {
        self.cutter.packetize::<H265>(frame, mtu, out);
    }
}

#[derive(Debug)]
struct H265;

impl Format for H265 {
    const HEADER_LEN: usize = 2;

    fn role(unit: &[u8]) -> Option<Role> {
        // One too short to have a header is none.
        match NalHeader::of(unit)?.nal_type() {
            NalType::VPS | NalType::SPS => Some(Role::SequenceSet),
            NalType::PPS => Some(Role::Set),
            kind if kind.is_random_access() => Some(Role::RandomAccess),
            // §6: types from 48 on are no units.
            kind => kind.is_unit().then_some(Role::Other),
        }
    }

    fn aggregation_header(units: &[&[u8]], out: &mut Vec<u8>) {
        let headers = || units.iter().filter_map(|unit| NalHeader::of(unit));
        // §4.4.2: F when any has it, the lowest LayerId and TID.
        let forbidden = headers().any(NalHeader::is_forbidden);
        let layer = headers().map(NalHeader::layer_id).min().unwrap_or(0);
        let temporal = headers().map(NalHeader::temporal_id_plus_1).min().unwrap_or(1);
        out.push(u8::from(forbidden) << 7 | NalType::AP.0 << 1 | layer >> 5);
        out.push(layer << 3 | temporal);
    }

    fn fragment_header(unit: &[u8], start: bool, end: bool, out: &mut Vec<u8>) {
        let header = NalHeader::of(unit).unwrap_or(NalHeader([0, 1]));
        out.extend_from_slice(&header.with_type(NalType::FU).0);
        out.push(u8::from(start) << 7 | u8::from(end) << 6 | header.nal_type().0);
    }
}
