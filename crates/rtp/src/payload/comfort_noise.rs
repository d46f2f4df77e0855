//! RFC 3389: comfort noise, the level and spectrum of silence.

use crate::DecodeError;

/// The static payload type at 8,000 Hz.
pub const PAYLOAD_TYPE: u8 = 13;

/// What a comfort noise payload says.
///
/// ```text
///  0 1 2 3 4 5 6 7
/// +-+-+-+-+-+-+-+-+----+----+--- - - ---+----+
/// |0|   level     | N1 | N2 |           | NM |
/// +-+-+-+-+-+-+-+-+----+----+--- - - ---+----+
/// ```
///
/// ```
/// use rtp::payload::comfort_noise::ComfortNoiseRef;
///
/// let noise = ComfortNoiseRef::decode(&[60, 127, 0])?;
/// assert_eq!(noise.level(), 60); // −60 dBov
/// let spectrum: Vec<f32> = noise.reflection_coefficients().collect();
/// assert_eq!(spectrum, [0.0, -0.999_938_96]);
///
/// assert!(ComfortNoiseRef::decode(&[]).is_err());
/// # Ok::<(), rtp::DecodeError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ComfortNoiseRef<'a> {
    level: u8,
    spectrum: &'a [u8],
}

impl<'a> ComfortNoiseRef<'a> {
    /// Noise of `-level` dBov (0 to 127; the highest bit is dropped) with this spectrum, one quantised reflection coefficient a
    /// byte; without any, the noise is white.
    pub const fn new(level: u8, spectrum: &'a [u8]) -> Self {
        Self {
            level: level & 0x7f,
            spectrum,
        }
    }

    /// Reads a payload.
    ///
    /// # Errors
    /// When it is empty.
    pub fn decode(payload: &'a [u8]) -> Result<Self, DecodeError> {
        let (level, spectrum) = payload
            .split_first()
            .ok_or(DecodeError::new("no noise level", 0))?;
        Ok(Self::new(*level, spectrum))
    }

    /// Appends the payload.
    pub fn encode(&self, out: &mut Vec<u8>) {
        out.push(self.level);
        out.extend_from_slice(self.spectrum);
    }

    /// Bytes that [`encode`](Self::encode) appends.
    pub const fn encoded_len(&self) -> usize {
        self.spectrum.len().saturating_add(1)
    }

    /// The level of the noise, in −dBov: 0 is the loudest, 127 the quietest.
    pub const fn level(&self) -> u8 {
        self.level
    }

    /// The quantised reflection coefficients as they travel; their number is the order of the model.
    pub const fn spectrum(&self) -> &'a [u8] {
        self.spectrum
    }

    /// The reflection coefficients, between −1 and 1 (§3.2); the reserved index 255 reads as 0.
    pub fn reflection_coefficients(&self) -> impl ExactSizeIterator<Item = f32> + 'a {
        self.spectrum.iter().map(|&index| match index {
            255 => 0.0,
            index => 258.0 * (f32::from(index) - 127.0) / 32_768.0,
        })
    }
}

/// The byte for a reflection coefficient; one beyond ±1 becomes the nearest.
pub fn quantise(coefficient: f32) -> u8 {
    let index = (coefficient * 32_768.0 / 258.0).round() + 127.0;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it is in the range of the target"
    )]
    let index = index.clamp(0.0, 254.0) as u8;
    index
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_trips() {
        let spectrum: Vec<u8> = (0..=254).collect();
        let mut payload = Vec::new();
        let noise = ComfortNoiseRef::new(0xff, &spectrum);
        noise.encode(&mut payload);
        assert_eq!(payload.len(), noise.encoded_len());
        assert_eq!(payload[0], 127, "the highest bit is always 0");
        assert_eq!(ComfortNoiseRef::decode(&payload), Ok(noise));
        let again: Vec<u8> = noise.reflection_coefficients().map(quantise).collect();
        assert_eq!(again, spectrum);
        assert_eq!([2.0, -2.0, f32::NAN].map(quantise), [254, 0, 0]);
    }
}
