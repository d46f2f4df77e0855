//! RFC 6184 §6: cutting access units.

use super::super::Payloads;
use super::super::nal::{Cutter, Format, Role};
use super::NalType;

/// Which packets may be sent (§5.4), as `packetization-mode` in SDP says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum PacketizationMode {
    /// 0: each NAL unit in a packet of its own. A frame with one that is longer than the MTU cannot be sent.
    SingleNalUnit,
    /// 1: small units together (STAP-A), large ones in fragments (FU-A).
    #[default]
    NonInterleaved,
}

/// How access units are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Config {
    /// Which packets may be sent. Default: [`PacketizationMode::NonInterleaved`]; SDP without the parameter means the other one
    /// (§8.1).
    pub mode: PacketizationMode,
    /// Whether parameter sets are repeated in front of an IDR picture that comes without any, so that one may join there.
    /// Default: true.
    pub repeat_parameter_sets: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            mode: PacketizationMode::NonInterleaved,
            repeat_parameter_sets: true,
        }
    }
}

impl Config {
    /// The default for this mode.
    pub fn with_mode(mode: PacketizationMode) -> Self {
        Self {
            mode,
            ..Self::default()
        }
    }
}

/// Cuts access units, which come with start codes.
///
/// ```
/// use rtp::payload::h264::{Config, PacketizationMode, Packetizer};
/// use rtp::payload::{Packetizer as _, Payloads};
///
/// let frame = [&[0, 0, 0, 1, 0x67, 0x42, 0, 0, 0, 1, 0x65][..], &[0x88; 2000]].concat();
/// let mut payloads = Payloads::new();
/// Packetizer::default().packetize(&frame, 1200, &mut payloads);
/// let sizes: Vec<_> = payloads.iter().map(<[u8]>::len).collect();
/// assert_eq!(sizes, [2, 1002, 1002]); // the parameter set, two fragments
///
/// Packetizer::new(Config::with_mode(PacketizationMode::SingleNalUnit)).packetize(&frame, 1200, &mut payloads);
/// assert!(payloads.is_empty(), "the slice is longer than a packet");
/// ```
#[derive(Clone, Debug)]
pub struct Packetizer {
    cutter: Cutter,
}

impl Packetizer {
    /// One with these settings.
    pub fn new(config: Config) -> Self {
        let is_single = config.mode == PacketizationMode::SingleNalUnit;
        Self {
            cutter: Cutter::new(is_single, config.repeat_parameter_sets),
        }
    }

    /// Cuts the frames to come in another mode. The same frame may be cut in one after the other.
    pub fn set_mode(&mut self, mode: PacketizationMode) {
        self.cutter.set_single(mode == PacketizationMode::SingleNalUnit);
    }
}

impl Default for Packetizer {
    fn default() -> Self {
        Self::new(Config::default())
    }
}

impl super::super::Packetizer for Packetizer {
    fn packetize(&mut self, frame: &[u8], mtu: usize, out: &mut Payloads) {
        self.cutter.packetize::<H264>(frame, mtu, out);
    }
}

#[derive(Debug)]
struct H264;

impl Format for H264 {
    const HEADER_LEN: usize = 1;

    fn role(unit: &[u8]) -> Option<Role> {
        let kind = NalType::of(*unit.first()?);
        match kind.0 {
            7 => Some(Role::SequenceSet),
            // With the extension for auxiliary pictures and the subset for layers.
            8 | 13 | 15 => Some(Role::Set),
            5 => Some(Role::RandomAccess),
            // §5.4: reserved types are not sent.
            _ => kind.is_unit().then_some(Role::Other),
        }
    }

    fn aggregation_header(units: &[&[u8]], out: &mut Vec<u8>) {
        let headers = || units.iter().filter_map(|unit| unit.first());
        // §5.7: F when any has it, the highest NRI.
        let forbidden = headers().fold(0, |all, header| all | header & 0x80);
        let importance = headers().fold(0, |all, header| all.max(header & 0x60));
        out.push(forbidden | importance | NalType::STAP_A.0);
    }

    fn fragment_header(unit: &[u8], start: bool, end: bool, out: &mut Vec<u8>) {
        let header = unit.first().copied().unwrap_or_default();
        out.push(header & 0xe0 | NalType::FU_A.0);
        out.push(u8::from(start) << 7 | u8::from(end) << 6 | header & 0x1f);
    }
}
