//! The identification header (RFC 7845 §5.1).

use super::fields::Fields;
use crate::DecodeError;

const MAGIC: [u8; 8] = *b"OpusHead";

/// How an Opus stream is to be decoded: the first packet of its logical stream.
///
/// ```
/// use media::ogg::OpusHead;
///
/// let head = OpusHead::new(2);
/// let mut packet = Vec::new();
/// head.encode(&mut packet);
/// assert_eq!(OpusHead::decode(&packet), Ok(head));
/// assert!(OpusHead::decode(&packet[..18]).is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpusHead {
    /// Version, of which the upper four bits are 0. It is 1 today.
    pub version: u8,
    /// Output channels, at least one.
    pub channels: u8,
    /// Samples at 48 kHz to discard when playback begins.
    pub pre_skip: u16,
    /// Sample rate of what was encoded, in Hz; 0 when unknown. It says nothing about decoding.
    pub input_sample_rate: u32,
    /// Gain to apply when decoding, in 1/256 dB.
    pub output_gain: i16,
    /// Which decoded channel goes where; `None` is family 0: one stream, mono or stereo, as in RTP.
    pub mapping: Option<ChannelMapping>,
}

/// Streams and channels of families other than 0 (RFC 7845 §5.1.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChannelMapping {
    /// 1 is surround of up to eight channels in Vorbis's order; 2 and 3 are ambisonics (RFC 8486); 255 has no meaning.
    pub family: u8,
    /// Opus packets in each packet of the file.
    pub streams: u8,
    /// How many of them are stereo: the first ones.
    pub coupled: u8,
    /// Per output channel the decoded channel, or 255 for silence. Family 3 has its demixing matrix here.
    pub table: Vec<u8>,
}

impl OpusHead {
    /// A recording from RTP, mono or stereo (RFC 7587): 48 kHz, no gain, and to be skipped is the delay of libopus, which
    /// browsers encode with: 312 samples, 6.5 ms.
    pub const fn new(channels: u8) -> Self {
        Self {
            version: 1,
            channels,
            pre_skip: 312,
            input_sample_rate: 48_000,
            output_gain: 0,
            mapping: None,
        }
    }

    /// Opus packets in each packet of the file.
    pub fn streams(&self) -> u8 {
        self.mapping.as_ref().map_or(1, |mapping| mapping.streams)
    }

    /// Whether the packet claims to be an identification header.
    pub(super) fn matches(packet: &[u8]) -> bool {
        packet.starts_with(&MAGIC)
    }

    /// Decodes the packet.
    ///
    /// # Errors
    /// It is none, is of an incompatible version, too short, or has channels that its streams do not have.
    pub fn decode(packet: &[u8]) -> Result<Self, DecodeError> {
        let mut fields = Fields::new(packet);
        if fields.array()? != MAGIC {
            return Err(Fields::new(packet).error("no identification header of Opus"));
        }
        let version = fields.u8()?;
        if version >> 4 != 0 {
            return Err(fields.error("an incompatible version"));
        }
        let channels = fields.u8()?;
        let head = Self {
            version,
            channels,
            pre_skip: fields.u16()?,
            input_sample_rate: fields.u32()?,
            output_gain: i16::from_le_bytes(fields.array()?),
            mapping: ChannelMapping::decode(&mut fields, channels)?,
        };
        head.check().map_err(|reason| fields.error(reason))?;
        Ok(head)
    }

    /// Appends the packet.
    pub fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&MAGIC);
        out.extend_from_slice(&[self.version, self.channels]);
        out.extend_from_slice(&self.pre_skip.to_le_bytes());
        out.extend_from_slice(&self.input_sample_rate.to_le_bytes());
        out.extend_from_slice(&self.output_gain.to_le_bytes());
        match &self.mapping {
            None => out.push(0),
            Some(mapping) => {
                out.extend_from_slice(&[mapping.family, mapping.streams, mapping.coupled]);
                out.extend_from_slice(&mapping.table);
            }
        }
    }

    /// RFC 7845 §5.1.1.
    pub(super) fn check(&self) -> Result<(), &'static str> {
        let Some(mapping) = &self.mapping else {
            return if (1..=2).contains(&self.channels) {
                Ok(())
            } else {
                Err("a number of channels that family 0 has not")
            };
        };
        let decoded = u16::from(mapping.streams) + u16::from(mapping.coupled);
        if self.channels == 0 || mapping.streams == 0 || mapping.family == 0 {
            return Err("no channels or no streams");
        }
        if mapping.family == 1 && self.channels > 8 {
            return Err("a number of channels that family 1 has not");
        }
        if mapping.coupled > mapping.streams || decoded > 255 {
            return Err("more stereo streams than streams");
        }
        if mapping.table.len() != mapping.table_len(self.channels) {
            return Err("a table of another length");
        }
        let exists = |channel: &u8| u16::from(*channel) < decoded || *channel == 255;
        if mapping.family != ChannelMapping::DEMIXING && !mapping.table.iter().all(exists) {
            return Err("a channel that is not decoded");
        }
        Ok(())
    }
}

impl ChannelMapping {
    /// The family with a matrix instead of a table (RFC 8486 §3.2).
    const DEMIXING: u8 = 3;

    fn table_len(&self, channels: u8) -> usize {
        let decoded = usize::from(self.streams) + usize::from(self.coupled);
        match self.family {
            Self::DEMIXING => 2 * decoded * usize::from(channels),
            _ => channels.into(),
        }
    }

    fn decode(fields: &mut Fields<'_>, channels: u8) -> Result<Option<Self>, DecodeError> {
        let family = fields.u8()?;
        if family == 0 {
            return Ok(None);
        }
        let mut mapping = Self {
            family,
            streams: fields.u8()?,
            coupled: fields.u8()?,
            table: Vec::new(),
        };
        mapping.table = fields.take(mapping.table_len(channels))?.to_vec();
        Ok(Some(mapping))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Laid out by hand after figure 2: stereo, 312 samples to skip, 48 kHz, −1 dB.
    const STEREO: &[u8] = b"OpusHead\x01\x02\x38\x01\x80\xbb\0\0\x00\xff\0";
    /// 5.1 surround in four streams, two of them stereo.
    const SURROUND: &[u8] = b"OpusHead\x01\x06\0\0\0\0\0\0\0\0\x01\x04\x02\x00\x04\x01\x02\x03\x05";

    #[test]
    fn heads_made_by_hand() {
        let stereo = OpusHead {
            output_gain: -256,
            ..OpusHead::new(2)
        };
        let mapping = ChannelMapping {
            family: 1,
            streams: 4,
            coupled: 2,
            table: vec![0, 4, 1, 2, 3, 5],
        };
        let surround = OpusHead {
            pre_skip: 0,
            input_sample_rate: 0,
            mapping: Some(mapping),
            ..OpusHead::new(6)
        };
        for (head, bytes) in [(stereo, STEREO), (surround, SURROUND)] {
            assert_eq!(OpusHead::decode(bytes).as_ref(), Ok(&head));
            let mut out = Vec::new();
            head.encode(&mut out);
            assert_eq!(out, bytes);
            for len in 0..bytes.len() {
                assert!(OpusHead::decode(&bytes[..len]).is_err(), "cut at {len}");
            }
        }
    }

    #[test]
    fn later_versions_may_be_longer() {
        let mut bytes = STEREO.to_vec();
        bytes[8] = 15;
        bytes.push(7);
        assert_eq!(OpusHead::decode(&bytes).unwrap().version, 15);
        bytes[8] = 16;
        assert_eq!(
            OpusHead::decode(&bytes).unwrap_err().reason,
            "an incompatible version"
        );
    }

    #[test]
    fn impossible_channels_are_refused() {
        for (bytes, at, value) in [
            (STEREO, 9, 0),
            (STEREO, 9, 3),
            (SURROUND, 9, 9),
            (SURROUND, 19, 0),
            (SURROUND, 20, 5),
            (SURROUND, 21, 6),
            (SURROUND, 0, b'o'),
        ] {
            let mut bytes = bytes.to_vec();
            bytes[at] = value;
            bytes.resize(40, 0);
            assert!(OpusHead::decode(&bytes).is_err(), "{value} at {at}");
        }
        let mut silent = SURROUND.to_vec();
        silent[21] = 255;
        assert!(OpusHead::decode(&silent).is_ok());
        let mut ambisonics = SURROUND.to_vec();
        ambisonics[18] = 3;
        ambisonics.resize(21 + 2 * 6 * 6, 200);
        assert_eq!(
            OpusHead::decode(&ambisonics)
                .unwrap()
                .mapping
                .unwrap()
                .table
                .len(),
            72
        );
    }
}
