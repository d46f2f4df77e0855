//! What tracks, transceivers and encodings are made with: W3C webrtc-pc §5.1 (`RTCRtpTransceiverInit`) and §5.2.
//!
//! The simulcast part follows the validation steps of `addTransceiver` and RFC 8851 §10.

use sdp::Direction;

use super::codec::MediaKind;

/// The most encodings of one sender, and the most that one section receives. Browsers send three.
pub const MAX_ENCODINGS: usize = 8;

/// The longest rid, in bytes: what a one-byte header extension carries (RFC 8285 §4.2).
pub const MAX_RID: usize = 16;

/// A track of ours, as far as descriptions tell of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TrackInfo {
    /// The id that the peer may see; letters, digits and punctuation, without spaces.
    pub id: String,
    /// What it carries.
    pub kind: MediaKind,
}

/// What `add_transceiver` takes first: a kind, or a track that has one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum TrackOrKind {
    /// A track, which the transceiver sends.
    Track(TrackInfo),
    /// No track yet.
    Kind(MediaKind),
}

impl From<MediaKind> for TrackOrKind {
    fn from(kind: MediaKind) -> Self {
        Self::Kind(kind)
    }
}

impl From<TrackInfo> for TrackOrKind {
    fn from(track: TrackInfo) -> Self {
        Self::Track(track)
    }
}

impl TrackOrKind {
    pub(super) fn split(self) -> (MediaKind, Option<TrackInfo>) {
        match self {
            Self::Track(track) => (track.kind, Some(track)),
            Self::Kind(kind) => (kind, None),
        }
    }
}

/// One encoding of a track (`RTCRtpEncodingParameters`).
#[derive(Clone, Debug, PartialEq)]
pub struct RtpEncodingParameters {
    /// The name of a layer of simulcast, at most [`MAX_RID`] letters, digits, `-` or `_`. Default: none.
    pub rid: Option<String>,
    /// Whether it is sent. Default: true.
    pub active: bool,
    /// The most that it may take, in bits a second. Default: no limit.
    pub max_bitrate: Option<u32>,
    /// The most frames a second. Default: no limit.
    pub max_framerate: Option<f64>,
    /// How much smaller than the track each side of the picture is, 1.0 or above. Default: none, which is 1.0, or for
    /// simulcast 4.0, 2.0, 1.0 in the order of the layers.
    pub scale_resolution_down_by: Option<f64>,
}

impl Default for RtpEncodingParameters {
    fn default() -> Self {
        Self {
            rid: None,
            active: true,
            max_bitrate: None,
            max_framerate: None,
            scale_resolution_down_by: None,
        }
    }
}

impl RtpEncodingParameters {
    /// A layer of simulcast.
    #[must_use]
    pub fn layer(rid: &str) -> Self {
        Self {
            rid: Some(rid.to_owned()),
            ..Self::default()
        }
    }
}

/// How a transceiver begins (`RTCRtpTransceiverInit`).
///
/// ```
/// use webrtc::{RtpEncodingParameters, RtpTransceiverDirection, RtpTransceiverInit};
/// let init = RtpTransceiverInit {
///     direction: RtpTransceiverDirection::SendOnly,
///     stream_ids: vec!["camera".into()],
///     send_encodings: ["q", "h", "f"].map(RtpEncodingParameters::layer).into(),
///     ..RtpTransceiverInit::default()
/// };
/// assert!(init.receive_rids.is_empty());
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RtpTransceiverInit {
    /// Which way media is to flow. Default: both.
    pub direction: Direction,
    /// The streams that the track belongs to, by id. Default: none.
    pub stream_ids: Vec<String>,
    /// The layers of simulcast, the smallest first; at most [`MAX_ENCODINGS`], others are cut off. Default: one encoding
    /// without a name.
    pub send_encodings: Vec<RtpEncodingParameters>,
    /// The layers that our offers ask the peer to send, by rid: for servers, beyond what browsers can say (RFC 8853).
    /// Default: none.
    pub receive_rids: Vec<String>,
}

/// What is wrong with encodings or streams that were given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParametersError {
    /// A rid with other characters than letters, digits, `-` and `_`, or of no or more than [`MAX_RID`] bytes (`TypeError`).
    #[error("a rid that is empty, too long or of other characters")]
    Rid,
    /// Some encodings have a rid and some have none (`TypeError`).
    #[error("a rid for some encodings only")]
    RidMissing,
    /// Two encodings have the same rid (`TypeError`).
    #[error("the same rid twice")]
    RidTwice,
    /// `scale_resolution_down_by` below 1.0 or `max_framerate` not above 0 (`RangeError`).
    #[error("a scale below one or a frame rate that is not above zero")]
    Range,
    /// Encodings other than those that there are, in number or by rid (`InvalidModificationError`).
    #[error("encodings other than those that were negotiated")]
    Encodings,
    /// The id of a stream or a track is empty or has characters that SDP cannot carry.
    #[error("an id that descriptions cannot carry")]
    Id,
    /// A track of the other kind (`TypeError`).
    #[error("a track of another kind than the transceiver's")]
    Kind,
    /// A jitter buffer target of more than four seconds (`RangeError`).
    #[error("a jitter buffer target of more than 4 s")]
    JitterBufferTarget,
    /// The track is sent already (`InvalidAccessError`).
    #[error("the track is sent already")]
    TrackTwice,
}

pub(super) fn check_rid(rid: &str) -> Result<(), ParametersError> {
    let good = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if (1..=MAX_RID).contains(&rid.len()) && rid.bytes().all(good) {
        Ok(())
    } else {
        Err(ParametersError::Rid)
    }
}

/// RFC 8830 §2: `token-char`, with the braces that Firefox writes.
pub(super) fn check_id(id: &str) -> Result<(), ParametersError> {
    if (1..=255).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic()) {
        Ok(())
    } else {
        Err(ParametersError::Id)
    }
}

pub(super) fn check_rids<'a>(rids: impl IntoIterator<Item = &'a str>) -> Result<(), ParametersError> {
    let mut seen = Vec::new();
    for rid in rids {
        check_rid(rid)?;
        if seen.contains(&rid) {
            return Err(ParametersError::RidTwice);
        }
        seen.push(rid);
    }
    Ok(())
}

/// The "addTransceiver sendEncodings validation steps", and what they make of the encodings.
pub(super) fn encodings(
    kind: MediaKind,
    given: &[RtpEncodingParameters],
) -> Result<Vec<RtpEncodingParameters>, ParametersError> {
    let named = given.iter().filter(|encoding| encoding.rid.is_some()).count();
    if named != 0 && named != given.len() {
        return Err(ParametersError::RidMissing);
    }
    check_rids(given.iter().filter_map(|encoding| encoding.rid.as_deref()))?;
    let mut encodings = given.to_vec();
    if kind == MediaKind::Audio {
        for encoding in &mut encodings {
            encoding.scale_resolution_down_by = None;
            encoding.max_framerate = None;
        }
    }
    encodings.iter().try_for_each(check_range)?;
    encodings.truncate(MAX_ENCODINGS);
    if encodings.is_empty() {
        encodings.push(RtpEncodingParameters::default());
    }
    if encodings.len() == 1 {
        encodings.iter_mut().for_each(|encoding| encoding.rid = None);
    }
    scale(kind, &mut encodings);
    name(&mut encodings);
    Ok(encodings)
}

pub(super) fn check_range(encoding: &RtpEncodingParameters) -> Result<(), ParametersError> {
    let scale = encoding.scale_resolution_down_by.is_none_or(|scale| scale >= 1.0);
    let rate = encoding.max_framerate.is_none_or(|rate| rate > 0.0);
    if scale && rate {
        Ok(())
    } else {
        Err(ParametersError::Range)
    }
}

/// Halves the picture from layer to layer where the application has not said how large they are.
fn scale(kind: MediaKind, encodings: &mut [RtpEncodingParameters]) {
    if kind == MediaKind::Audio || encodings.len() < 2 {
        return;
    }
    if encodings.iter().any(|it| it.scale_resolution_down_by.is_some()) {
        for encoding in encodings {
            encoding.scale_resolution_down_by.get_or_insert(1.0);
        }
        return;
    }
    let mut factor = 1.0;
    for encoding in encodings.iter_mut().rev() {
        encoding.scale_resolution_down_by = Some(factor);
        factor *= 2.0;
    }
}

/// RFC 9429 §5.2.1: layers that the application has not named get names of ours.
fn name(encodings: &mut [RtpEncodingParameters]) {
    if encodings.len() < 2 {
        return;
    }
    for (index, encoding) in encodings.iter_mut().enumerate() {
        encoding.rid.get_or_insert_with(|| index.to_string());
    }
}

/// Layers that the peer asks for, as encodings (W3C webrtc-pc §4.4.1.5).
pub(super) fn proposed(rids: &[String]) -> Vec<RtpEncodingParameters> {
    let mut encodings: Vec<_> = rids
        .iter()
        .take(MAX_ENCODINGS)
        .map(|rid| RtpEncodingParameters::layer(rid))
        .collect();
    scale(MediaKind::Video, &mut encodings);
    encodings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layers(rids: &[&str]) -> Vec<RtpEncodingParameters> {
        rids.iter().map(|rid| RtpEncodingParameters::layer(rid)).collect()
    }

    #[test]
    fn encodings_are_checked_as_the_specification_says() {
        let check = |given: &[RtpEncodingParameters]| encodings(MediaKind::Video, given).map(|_| ());
        assert_eq!(check(&layers(&["a", "b-1", "c_2"])), Ok(()));
        assert_eq!(check(&layers(&["a", ""])), Err(ParametersError::Rid));
        assert_eq!(check(&layers(&["a", "b c"])), Err(ParametersError::Rid));
        assert_eq!(
            check(&layers(&["a", "01234567890123456"])),
            Err(ParametersError::Rid)
        );
        assert_eq!(check(&layers(&["a", "a"])), Err(ParametersError::RidTwice));
        let mut some = layers(&["a", "b"]);
        some[1].rid = None;
        assert_eq!(check(&some), Err(ParametersError::RidMissing));
        let mut scaled = layers(&["a", "b"]);
        scaled[0].scale_resolution_down_by = Some(0.5);
        assert_eq!(check(&scaled), Err(ParametersError::Range));
        scaled[0].scale_resolution_down_by = None;
        scaled[0].max_framerate = Some(0.0);
        assert_eq!(check(&scaled), Err(ParametersError::Range));
        assert!(
            encodings(MediaKind::Audio, &scaled).is_ok(),
            "audio has no frame rate"
        );
    }

    #[test]
    fn layers_get_scales_and_names() {
        let made = encodings(MediaKind::Video, &layers(&["q", "h", "f"])).unwrap();
        let scales: Vec<_> = made
            .iter()
            .map(|it| it.scale_resolution_down_by.unwrap())
            .collect();
        assert_eq!(scales, [4.0, 2.0, 1.0]);
        let unnamed = vec![RtpEncodingParameters::default(); 3];
        let made = encodings(MediaKind::Video, &unnamed).unwrap();
        let rids: Vec<_> = made.iter().map(|it| it.rid.as_deref().unwrap()).collect();
        assert_eq!(rids, ["0", "1", "2"]);
        let mut one_scaled = layers(&["q", "f"]);
        one_scaled[0].scale_resolution_down_by = Some(3.0);
        let made = encodings(MediaKind::Video, &one_scaled).unwrap();
        assert_eq!(made[1].scale_resolution_down_by, Some(1.0));
    }

    #[test]
    fn a_lone_encoding_has_no_name_and_too_many_are_cut() {
        let made = encodings(MediaKind::Video, &layers(&["only"])).unwrap();
        assert_eq!(made, [RtpEncodingParameters::default()]);
        assert_eq!(encodings(MediaKind::Audio, &[]).unwrap().len(), 1);
        let many: Vec<_> = (0..20)
            .map(|n| RtpEncodingParameters::layer(&n.to_string()))
            .collect();
        assert_eq!(encodings(MediaKind::Video, &many).unwrap().len(), MAX_ENCODINGS);
    }
}
