//! What we can send and receive: codecs, header extensions and feedback, as offers and answers declare them.
//!
//! The set is fixed once connections use it. Payload types and extension ids here are wishes: a connection gives others
//! where the peer has taken them (RFC 9143 §10.1).

use sdp::Direction;

use super::codec::{MediaKind, RtcpFeedback, RtpCodec, RtpCodecCapability};
use super::{defaults, format};

/// The most codecs of one kind: with their retransmissions they fill the payload types there are.
pub const MAX_CODECS: usize = 32;

/// The most header extensions.
pub const MAX_HEADER_EXTENSIONS: usize = 64;

/// Whether a header extension is encrypted on its own (RFC 6904), where Cryptex does not encrypt the whole header.
///
/// The peer has to know it too; browsers do not offer it. Encrypted or not, an extension has the same URI everywhere here:
/// only its id on the wire is another one, and [`NegotiatedExtension::is_encrypted`](super::NegotiatedExtension) says so.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ExtensionEncryption {
    /// It is neither offered nor accepted in encrypted form.
    #[default]
    Never,
    /// It is offered in both forms, under two ids, and accepted in encrypted form where the peer offers that, in the clear
    /// otherwise (RFC 6904 §4.1). Whoever can change the signalling can bring it down to the clear form.
    Prefer,
    /// It is offered and accepted in encrypted form alone: with a peer that does not know it the extension is not used.
    Require,
}

/// A header extension that we understand (RFC 8285).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeaderExtensionCapability {
    /// Which extension: a URN or URL.
    pub uri: String,
    /// The id that it has where nothing else has taken it: 1…14.
    pub id: u8,
    /// Whether sections of audio have it.
    pub audio: bool,
    /// Whether sections of video have it.
    pub video: bool,
    /// Whether we send it, receive it, or both.
    pub direction: Direction,
    /// Whether our offers have it. One that they do not have is accepted when the peer offers it.
    pub is_offered: bool,
    /// Whether it is encrypted.
    pub encryption: ExtensionEncryption,
}

impl HeaderExtensionCapability {
    /// The forms that offers have, and whether one is accepted: encrypted, in the clear.
    pub(super) const fn has_form(&self, is_encrypted: bool) -> bool {
        match self.encryption {
            ExtensionEncryption::Never => !is_encrypted,
            ExtensionEncryption::Prefer => true,
            ExtensionEncryption::Require => is_encrypted,
        }
    }

    pub(super) const fn is_for(&self, kind: MediaKind) -> bool {
        match kind {
            MediaKind::Audio => self.audio,
            MediaKind::Video => self.video,
        }
    }
}

/// Why a codec or an extension is not taken into a [`MediaEngine`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RegisterError {
    /// A payload type outside 0…63 and 96…127: those between look like RTCP (RFC 5761 §4).
    #[error("a payload type outside 0 to 63 and 96 to 127")]
    PayloadType,
    /// A MIME type that is neither `audio/…` nor `video/…`.
    #[error("a MIME type that is neither audio nor video")]
    MimeType,
    /// The same media format is there already, or one that is added with its codec (`rtx`).
    #[error("a codec that is there already")]
    Duplicate,
    /// An id outside 1…14.
    #[error("an extension id outside 1 to 14")]
    ExtensionId,
    /// More than [`MAX_CODECS`] of one kind or [`MAX_HEADER_EXTENSIONS`].
    #[error("too many codecs or extensions")]
    TooMany,
}

/// The codecs, header extensions and feedback of connections.
///
/// The default is what Chromium offers, with H.265 and more profiles of H.264 behind it.
///
/// ```
/// use webrtc::{MediaEngine, MediaKind, RtpCodec, RtpCodecCapability};
///
/// let names = |engine: &MediaEngine| -> Vec<String> {
///     engine.codecs(MediaKind::Video).map(|it| it.codec.name().to_owned()).collect()
/// };
/// assert!(names(&MediaEngine::default()).contains(&"AV1".to_owned()));
///
/// let mut engine = MediaEngine::empty();
/// engine.register_codec(RtpCodecCapability {
///     codec: RtpCodec::video("VP8", ""),
///     payload_type: 96,
///     rtx_payload_type: Some(97),
///     feedback: Vec::new(),
/// })?;
/// assert_eq!(names(&engine), ["VP8"]);
/// # Ok::<(), webrtc::RegisterError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MediaEngine {
    audio: Vec<RtpCodecCapability>,
    video: Vec<RtpCodecCapability>,
    extensions: Vec<HeaderExtensionCapability>,
}

impl Default for MediaEngine {
    fn default() -> Self {
        Self::with_default_codecs()
    }
}

impl MediaEngine {
    /// No codec and no header extension: every section of audio or video is rejected.
    #[must_use]
    pub const fn empty() -> Self {
        Self {
            audio: Vec::new(),
            video: Vec::new(),
            extensions: Vec::new(),
        }
    }

    /// The codecs and header extensions of browsers; the same as [`Default`].
    #[must_use]
    pub fn with_default_codecs() -> Self {
        Self {
            audio: defaults::audio(),
            video: defaults::video(),
            extensions: defaults::extensions(),
        }
    }

    /// Adds a codec behind those that are there, which is the order of preference.
    ///
    /// # Errors
    ///
    /// [`RegisterError`]; nothing was added.
    pub fn register_codec(&mut self, capability: RtpCodecCapability) -> Result<(), RegisterError> {
        let kind = capability.codec.kind().ok_or(RegisterError::MimeType)?;
        let payload_types = [Some(capability.payload_type), capability.rtx_payload_type];
        if payload_types.into_iter().flatten().any(|it| !is_usable(it)) {
            return Err(RegisterError::PayloadType);
        }
        let codecs = self.codecs_mut(kind);
        let is_known = |known: &RtpCodecCapability| format::same(&known.codec, &capability.codec);
        if capability.codec.is("rtx") || codecs.iter().any(is_known) {
            return Err(RegisterError::Duplicate);
        }
        if codecs.len() >= MAX_CODECS {
            return Err(RegisterError::TooMany);
        }
        codecs.push(capability);
        Ok(())
    }

    /// Takes away every codec of this name, in any case.
    pub fn remove_codec(&mut self, kind: MediaKind, name: &str) {
        self.codecs_mut(kind).retain(|known| !known.codec.is(name));
    }

    /// Adds feedback to every codec of a kind on which frames are sent.
    pub fn register_feedback(&mut self, kind: MediaKind, feedback: &RtcpFeedback) {
        for known in self.codecs_mut(kind) {
            if known.codec.is_primary() && !known.feedback.contains(feedback) {
                known.feedback.push(feedback.clone());
            }
        }
    }

    /// Adds a header extension, or puts it in the place of the one with the same URI.
    ///
    /// # Errors
    ///
    /// [`RegisterError::ExtensionId`] or [`RegisterError::TooMany`]; nothing was added.
    pub fn register_header_extension(
        &mut self,
        extension: HeaderExtensionCapability,
    ) -> Result<(), RegisterError> {
        if !(1..=14).contains(&extension.id) {
            return Err(RegisterError::ExtensionId);
        }
        if let Some(known) = self.extensions.iter_mut().find(|it| it.uri == extension.uri) {
            *known = extension;
            return Ok(());
        }
        if self.extensions.len() >= MAX_HEADER_EXTENSIONS {
            return Err(RegisterError::TooMany);
        }
        self.extensions.push(extension);
        Ok(())
    }

    /// Takes away the header extension with this URI.
    pub fn remove_header_extension(&mut self, uri: &str) {
        self.extensions.retain(|known| known.uri != uri);
    }

    /// Says for the header extensions that are there, and whose URI `which` wants, whether they are encrypted (RFC 6904). None
    /// is by default. For peers that know it, whole headers are better hidden by Cryptex
    /// ([`Srtp::cryptex`](crate::Srtp::cryptex)), beside which this is not needed: a packet has the one or the other (RFC 9335
    /// §5), and Cryptex goes first.
    ///
    /// With the extensions of browsers the second form of each has an id above 14, so that packets need two-byte headers: a
    /// byte more for each extension. Firefox refuses an offer with such an id: for it, leave extensions out until all have
    /// one of the first 14, or prefer [`Require`](ExtensionEncryption::Require), which offers no second form.
    ///
    /// ```
    /// use webrtc::{ExtensionEncryption, MediaEngine};
    ///
    /// let mut engine = MediaEngine::default();
    /// engine.encrypt_header_extensions(ExtensionEncryption::Prefer, |uri| uri.ends_with("audio-level"));
    /// ```
    pub fn encrypt_header_extensions(
        &mut self,
        encryption: ExtensionEncryption,
        which: impl Fn(&str) -> bool,
    ) {
        for known in self.extensions.iter_mut().filter(|known| which(&known.uri)) {
            known.encryption = encryption;
        }
    }

    /// Whether any header extension may be encrypted.
    pub(super) fn encrypts(&self) -> bool {
        self.extensions.iter().any(|known| known.has_form(true))
    }

    /// The codecs of a kind in the order of preference (`getCapabilities`), without retransmissions, which go with them.
    pub fn codecs(&self, kind: MediaKind) -> impl Iterator<Item = &RtpCodecCapability> {
        match kind {
            MediaKind::Audio => self.audio.iter(),
            MediaKind::Video => self.video.iter(),
        }
    }

    /// The header extensions of a kind.
    pub fn header_extensions(&self, kind: MediaKind) -> impl Iterator<Item = &HeaderExtensionCapability> {
        self.extensions
            .iter()
            .filter(move |extension| extension.is_for(kind))
    }

    /// Our form of a codec of the peer.
    pub(super) fn find(&self, kind: MediaKind, codec: &RtpCodec) -> Option<&RtpCodecCapability> {
        self.codecs(kind).find(|known| format::same(&known.codec, codec))
    }

    /// Whether a codec that is not registered yet wants this payload type.
    pub(super) fn wants(&self, payload_type: u8) -> bool {
        let mut all = self.audio.iter().chain(&self.video);
        all.any(|known| known.payload_type == payload_type || known.rtx_payload_type == Some(payload_type))
    }

    /// Whether an extension wants this id.
    pub(super) fn wants_id(&self, id: u8) -> bool {
        self.extensions.iter().any(|known| known.id == id)
    }

    const fn codecs_mut(&mut self, kind: MediaKind) -> &mut Vec<RtpCodecCapability> {
        match kind {
            MediaKind::Audio => &mut self.audio,
            MediaKind::Video => &mut self.video,
        }
    }
}

/// Whether RTP that shares its port with RTCP may have this payload type (RFC 5761 §4).
pub(super) const fn is_usable(payload_type: u8) -> bool {
    matches!(payload_type, 0..=63 | 96..=127)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn capability(codec: RtpCodec, payload_type: u8) -> RtpCodecCapability {
        RtpCodecCapability {
            codec,
            payload_type,
            rtx_payload_type: None,
            feedback: Vec::new(),
        }
    }

    #[test]
    fn refuses_codecs_that_could_not_be_used() {
        let mut engine = MediaEngine::empty();
        let vp8 = || RtpCodec::video("VP8", "");
        let mut register = |codec, payload_type| engine.register_codec(capability(codec, payload_type));
        assert_eq!(register(vp8(), 96), Ok(()));
        assert_eq!(register(vp8(), 97), Err(RegisterError::Duplicate));
        assert_eq!(
            register(RtpCodec::video("VP9", ""), 72),
            Err(RegisterError::PayloadType)
        );
        assert_eq!(
            register(RtpCodec::video("VP9", ""), 128),
            Err(RegisterError::PayloadType)
        );
        assert_eq!(
            register(RtpCodec::video("rtx", "apt=96"), 97),
            Err(RegisterError::Duplicate)
        );
        let text = RtpCodec {
            mime_type: "text/t140".into(),
            ..vp8()
        };
        assert_eq!(register(text, 98), Err(RegisterError::MimeType));
        for n in 1..MAX_CODECS {
            assert_eq!(register(RtpCodec::video(&format!("x{n}"), ""), 98), Ok(()));
        }
        assert_eq!(
            register(RtpCodec::video("y", ""), 98),
            Err(RegisterError::TooMany)
        );
    }

    #[test]
    fn default_payload_types_and_ids_are_unique_and_usable() {
        let engine = MediaEngine::default();
        let mut seen = std::collections::BTreeSet::new();
        for kind in [MediaKind::Audio, MediaKind::Video] {
            for known in engine.codecs(kind) {
                for payload_type in [Some(known.payload_type), known.rtx_payload_type]
                    .into_iter()
                    .flatten()
                {
                    assert!(is_usable(payload_type) && seen.insert(payload_type), "{known:?}");
                }
                assert_eq!(known.codec.kind(), Some(kind));
                assert_eq!(
                    known.rtx_payload_type.is_some(),
                    kind == MediaKind::Video,
                    "every codec of video is retransmitted"
                );
            }
            let mut ids = std::collections::BTreeSet::new();
            for extension in engine.header_extensions(kind).filter(|it| it.is_offered) {
                assert!(
                    (1..=14).contains(&extension.id) && ids.insert(extension.id),
                    "{extension:?}"
                );
            }
        }
    }

    #[test]
    fn an_extension_is_replaced_by_its_uri() {
        let mut engine = MediaEngine::default();
        let before = engine.header_extensions(MediaKind::Video).count();
        let mut mid = engine.header_extensions(MediaKind::Video).next().unwrap().clone();
        mid.id = 9;
        engine.register_header_extension(mid.clone()).unwrap();
        assert_eq!(engine.header_extensions(MediaKind::Video).count(), before);
        assert!(engine.header_extensions(MediaKind::Video).any(|it| *it == mid));
        mid.id = 15;
        assert_eq!(
            engine.register_header_extension(mid),
            Err(RegisterError::ExtensionId)
        );
    }

    #[test]
    fn feedback_is_added_once_and_not_to_comfort_noise() {
        let mut engine = MediaEngine::default();
        for _ in 0..2 {
            engine.register_feedback(MediaKind::Audio, &RtcpFeedback::Nack);
        }
        for known in engine.codecs(MediaKind::Audio) {
            let count = known
                .feedback
                .iter()
                .filter(|it| **it == RtcpFeedback::Nack)
                .count();
            assert_eq!(count, usize::from(known.codec.is_primary()), "{known:?}");
        }
    }
}
