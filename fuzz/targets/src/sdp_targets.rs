//! SDP: session descriptions and single attributes.

use sdp::{Attribute, Limits, SessionDescription};

/// A session description; what is read is written in a form that stays.
///
/// # Panics
/// When a law is broken.
pub fn sdp_parse(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    for line in text.lines().take(8) {
        if let Ok(attribute) = line.parse::<Attribute>() {
            let written = attribute.to_string();
            let again = written.parse::<Attribute>();
            assert_eq!(
                again.as_ref().map(ToString::to_string),
                Ok(written),
                "what is written is read"
            );
        }
    }
    let Ok(description) = SessionDescription::parse(text, &Limits::default()) else {
        return;
    };
    let written = description.to_string();
    let again = SessionDescription::parse(&written, &Limits::default());
    assert_eq!(
        again.as_ref().map(ToString::to_string),
        Ok(written),
        "what is written is read"
    );
}
