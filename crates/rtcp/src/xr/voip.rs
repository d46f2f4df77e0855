//! How a call sounds: RFC 3611 §4.7.

use crate::DecodeError;
use crate::reader::Reader;

/// Packets that were missing at the decoder (RFC 3611 §4.7.1), in 1/256 of all that were expected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct VoipLosses {
    /// Lost in the network.
    pub loss_rate: u8,
    /// Came too late or early for the jitter buffer.
    pub discard_rate: u8,
}

/// How losses are grouped (RFC 3611 §4.7.2 and §4.7.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct VoipBursts {
    /// Missing within bursts, in 1/256 of those expected there.
    pub burst_density: u8,
    /// Missing between bursts, in 1/256 of those expected there.
    pub gap_density: u8,
    /// The mean length of a burst in milliseconds.
    pub burst_duration: u16,
    /// The mean time between bursts in milliseconds.
    pub gap_duration: u16,
    /// So many packets in a row have to come for a burst to end (Gmin). Default: 16 (RFC 3611 §4.7.2).
    pub gap_threshold: u8,
}

impl Default for VoipBursts {
    fn default() -> Self {
        Self {
            burst_density: 0,
            gap_density: 0,
            burst_duration: 0,
            gap_duration: 0,
            gap_threshold: 16,
        }
    }
}

/// Delays in milliseconds, zero if unknown (RFC 3611 §4.7.3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct VoipDelays {
    /// Between the RTP interfaces, there and back.
    pub round_trip: u16,
    /// In this end: encoding, jitter buffer, decoding.
    pub end_system: u16,
}

/// Levels in dB (RFC 3611 §4.7.4). Default: unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct VoipLevels {
    /// Of speech, against 0 dBm0; 127 if unknown.
    pub signal: i8,
    /// Of the background in silence, against 0 dBm0; 127 if unknown.
    pub noise: i8,
    /// What is left of the echo (RERL); 127 if unknown.
    pub residual_echo_return_loss: u8,
}

impl Default for VoipLevels {
    fn default() -> Self {
        Self {
            signal: 127,
            noise: 127,
            residual_echo_return_loss: 127,
        }
    }
}

/// How the call is rated (RFC 3611 §4.7.5). Default: unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct VoipQuality {
    /// From 0 to 100, 94 is toll quality; 127 if unknown.
    pub r_factor: u8,
    /// The same for the part of the call outside of RTP.
    pub external_r_factor: u8,
    /// Mean opinion score for listening, ten times: 10 to 50; 127 if unknown.
    pub listening: u8,
    /// Mean opinion score for conversation, ten times: 10 to 50; 127 if unknown.
    pub conversation: u8,
}

impl Default for VoipQuality {
    fn default() -> Self {
        Self {
            r_factor: 127,
            external_r_factor: 127,
            listening: 127,
            conversation: 127,
        }
    }
}

/// What the receiver does about losses and jitter (RFC 3611 §4.7.6 and §4.7.7). Delays are in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct VoipJitterBuffer {
    /// Loss concealment: 0 unspecified, 1 disabled, 2 enhanced, 3 standard.
    pub loss_concealment: u8,
    /// Whether the buffer adapts: 0 unknown, 2 no, 3 yes.
    pub adaptive: u8,
    /// How fast, 0 to 15: a step is adjusted to in twice as many frames; 0 if unknown.
    pub rate: u8,
    /// The delay of packets that come in time.
    pub nominal: u16,
    /// The delay of the earliest packets that are not discarded.
    pub maximum: u16,
    /// What that can grow to; 65,535 or more is written as 65,535.
    pub absolute_maximum: u16,
}

impl VoipJitterBuffer {
    /// The receiver configuration byte.
    const fn config(&self) -> u8 {
        (self.loss_concealment << 6) | ((self.adaptive & 3) << 4) | (self.rate & 0x0f)
    }
}

/// How a voice call is, in the words of telephony (RFC 3611 §4.7).
///
/// ```text
///  0                   1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |     BT=7      |   reserved    |       block length = 8        |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |                        SSRC of source                         |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |   loss rate   | discard rate  | burst density |  gap density  |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |       burst duration          |         gap duration          |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |     round trip delay          |       end system delay        |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// | signal level  |  noise level  |     RERL      |     Gmin      |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |   R factor    | ext. R factor |    MOS-LQ     |    MOS-CQ     |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |   RX config   |   reserved    |          JB nominal           |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |          JB maximum           |          JB abs max           |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ```
///
/// ```
/// use rtcp::{ExtendedReport, Packet, PacketRef, VoipBursts, VoipLosses, VoipMetrics, XrBlock};
///
/// // The example of RFC 3611 §4.7.2: 5 % lost, 5 % discarded, a burst of 120 ms.
/// let metrics = VoipMetrics {
///     ssrc: 2,
///     losses: VoipLosses { loss_rate: 12, discard_rate: 12 },
///     bursts: VoipBursts {
///         burst_density: 84,
///         gap_density: 10,
///         burst_duration: 120,
///         gap_duration: 520,
///         ..Default::default()
///     },
///     ..Default::default()
/// };
/// let blocks = [XrBlock::VoipMetrics(metrics)];
/// let mut datagram = Vec::new();
/// ExtendedReport { sender_ssrc: 1, blocks: (&blocks).into() }.encode(&mut datagram);
/// let Some(Ok(PacketRef::ExtendedReport(report))) = rtcp::packets(&datagram).next() else { panic!() };
/// assert!(report.blocks.iter().eq(blocks));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct VoipMetrics {
    /// The stream.
    pub ssrc: u32,
    /// What was missing.
    pub losses: VoipLosses,
    /// How it was grouped.
    pub bursts: VoipBursts,
    /// How long it took.
    pub delays: VoipDelays,
    /// How loud it was.
    pub levels: VoipLevels,
    /// How good it was.
    pub quality: VoipQuality,
    /// What the receiver did about it.
    pub jitter_buffer: VoipJitterBuffer,
}

impl VoipMetrics {
    /// Eight words.
    pub(super) const CONTENTS_LEN: usize = 32;

    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let ssrc = reader.u32()?;
        let [loss_rate, discard_rate, burst_density, gap_density] = reader.array()?;
        let (burst_duration, gap_duration) = (reader.u16()?, reader.u16()?);
        let (round_trip, end_system) = (reader.u16()?, reader.u16()?);
        let [signal, noise, residual_echo_return_loss, gap_threshold] = reader.array()?;
        let [r_factor, external_r_factor, listening, conversation] = reader.array()?;
        let [config, _] = reader.array()?;
        Ok(Self {
            ssrc,
            losses: VoipLosses {
                loss_rate,
                discard_rate,
            },
            bursts: VoipBursts {
                burst_density,
                gap_density,
                burst_duration,
                gap_duration,
                gap_threshold,
            },
            delays: VoipDelays {
                round_trip,
                end_system,
            },
            levels: VoipLevels {
                signal: i8::from_be_bytes([signal]),
                noise: i8::from_be_bytes([noise]),
                residual_echo_return_loss,
            },
            quality: VoipQuality {
                r_factor,
                external_r_factor,
                listening,
                conversation,
            },
            jitter_buffer: VoipJitterBuffer {
                loss_concealment: config >> 6,
                adaptive: (config >> 4) & 3,
                rate: config & 0x0f,
                nominal: reader.u16()?,
                maximum: reader.u16()?,
                absolute_maximum: reader.u16()?,
            },
        })
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) {
        let Self {
            losses,
            bursts,
            delays,
            levels,
            quality,
            jitter_buffer: buffer,
            ..
        } = self;
        let [signal] = levels.signal.to_be_bytes();
        let [noise] = levels.noise.to_be_bytes();
        out.extend_from_slice(&self.ssrc.to_be_bytes());
        out.extend_from_slice(&[
            losses.loss_rate,
            losses.discard_rate,
            bursts.burst_density,
            bursts.gap_density,
        ]);
        for pair in [
            bursts.burst_duration,
            bursts.gap_duration,
            delays.round_trip,
            delays.end_system,
        ] {
            out.extend_from_slice(&pair.to_be_bytes());
        }
        out.extend_from_slice(&[
            signal,
            noise,
            levels.residual_echo_return_loss,
            bursts.gap_threshold,
        ]);
        out.extend_from_slice(&[
            quality.r_factor,
            quality.external_r_factor,
            quality.listening,
            quality.conversation,
        ]);
        out.extend_from_slice(&[buffer.config(), 0]);
        for delay in [buffer.nominal, buffer.maximum, buffer.absolute_maximum] {
            out.extend_from_slice(&delay.to_be_bytes());
        }
    }
}
