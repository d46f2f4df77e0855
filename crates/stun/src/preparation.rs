//! RFC 8265 §4.2 (OpaqueString) and RFC 4013 (SASLprep): bringing names and passwords into the one form that
//! both ends hash.
//!
//! The two joiners, which RFC 8264 allows in some contexts, are refused here; SASLprep removes them.

use std::borrow::Cow;

use thiserror::Error;
use unicode_normalization::UnicodeNormalization;
use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};

/// The text cannot be a name or a password: it is empty, or has characters that both profiles forbid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("name or password is empty or has a forbidden character")]
pub struct PrepareError;

/// Prepares a username, a realm or a password: OpaqueString of RFC 8489, or SASLprep of RFC 5389 where the text is
/// allowed by that one only.
///
/// ```
/// assert_eq!(stun::prepare_password("pass word")?, "pass word");
/// // RFC 5769 §2.4
/// assert_eq!(stun::prepare_password("The\u{ad}M\u{aa}tr\u{2168}")?, "TheMatrIX");
/// assert!(stun::prepare_password("bell\u{7}").is_err());
/// # Ok::<(), stun::PrepareError>(())
/// ```
///
/// # Errors
/// [`PrepareError`] when neither profile allows the text.
pub fn prepare_password(text: &str) -> Result<Cow<'_, str>, PrepareError> {
    opaque_string(text).or_else(|_| match stringprep::saslprep(text) {
        Ok(prepared) if !prepared.is_empty() => Ok(prepared),
        Ok(_) | Err(_) => Err(PrepareError),
    })
}

/// The OpaqueString profile (RFC 8265 §4.2.2).
///
/// # Errors
/// [`PrepareError`] when the profile forbids the text.
pub fn opaque_string(text: &str) -> Result<Cow<'_, str>, PrepareError> {
    if text.is_empty() {
        return Err(PrepareError);
    }
    if text.bytes().all(|byte| (0x20..0x7f).contains(&byte)) {
        return Ok(Cow::Borrowed(text));
    }
    // The rules in their order: spaces, no case mapping, normalization form C, no directionality.
    let spaces = text.chars().map(|c| if is_space(c) { ' ' } else { c });
    let prepared: String = spaces.nfc().collect();
    if prepared.chars().all(is_freeform) {
        Ok(Cow::Owned(prepared))
    } else {
        Err(PrepareError)
    }
}

fn is_space(c: char) -> bool {
    c.general_category() == GeneralCategory::SpaceSeparator
}

/// Whether the FreeformClass has the character (RFC 8264 §4.3, §8).
fn is_freeform(c: char) -> bool {
    use GeneralCategory::{Control, LineSeparator, ParagraphSeparator, PrivateUse, Surrogate, Unassigned};
    let category = c.general_category();
    let excluded = [
        Control,
        Unassigned,
        PrivateUse,
        Surrogate,
        LineSeparator,
        ParagraphSeparator,
    ];
    !excluded.contains(&category) && !is_old_hangul_jamo(c) && !is_ignorable(c)
}

/// RFC 8264 §9.9: Hangul_Syllable_Type L, V and T.
fn is_old_hangul_jamo(c: char) -> bool {
    matches!(u32::from(c), 0x1100..=0x11ff | 0xa960..=0xa97c | 0xd7b0..=0xd7c6 | 0xd7cb..=0xd7fb)
}

/// RFC 8264 §9.13: Default_Ignorable_Code_Point of Unicode's DerivedCoreProperties.
fn is_ignorable(c: char) -> bool {
    matches!(
        u32::from(c),
        0xad | 0x34f | 0x61c | 0x115f..=0x1160 | 0x17b4..=0x17b5 | 0x180b..=0x180f | 0x200b..=0x200f
            | 0x202a..=0x202e | 0x2060..=0x206f | 0x3164 | 0xfe00..=0xfe0f | 0xfeff | 0xffa0 | 0xfff0..=0xfff8
            | 0x1bca0..=0x1bca3 | 0x1d173..=0x1d17a | 0xe0000..=0xe0fff
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opaque_strings_of_rfc_8265() {
        // RFC 8265 §4.3, tables 2 and 3.
        let table = [
            ("correct horse battery staple", Ok("correct horse battery staple")),
            ("Correct Horse Battery Staple", Ok("Correct Horse Battery Staple")),
            ("\u{3c0}\u{df}\u{e5}", Ok("\u{3c0}\u{df}\u{e5}")),
            ("Jack of \u{2666}s", Ok("Jack of \u{2666}s")),
            ("foo\u{1680}bar", Ok("foo bar")),
            ("", Err(PrepareError)),
            ("my cat is a \u{9}by", Err(PrepareError)),
        ];
        for (text, expected) in table {
            assert_eq!(
                opaque_string(text).as_deref(),
                expected.as_ref().copied(),
                "{text:?}"
            );
        }
    }

    #[test]
    fn composes_what_can_be_composed() {
        assert_eq!(opaque_string("e\u{301}").as_deref(), Ok("\u{e9}"));
        assert_eq!(
            opaque_string("\u{2168}").as_deref(),
            Ok("\u{2168}"),
            "but not by compatibility"
        );
    }

    #[test]
    fn refuses_what_nobody_sees() {
        for c in [
            '\u{ad}', '\u{200d}', '\u{feff}', '\u{1100}', '\u{e000}', '\u{378}', '\u{2028}', '\u{7f}',
        ] {
            assert_eq!(opaque_string(&format!("a{c}")), Err(PrepareError), "{c:?}");
        }
    }

    #[test]
    fn falls_back_to_saslprep() {
        assert_eq!(prepare_password("I\u{ad}X").as_deref(), Ok("IX"));
        assert_eq!(prepare_password("\u{ad}"), Err(PrepareError), "nothing is left");
        assert_eq!(prepare_password("\u{e000}"), Err(PrepareError));
        assert_eq!(prepare_password("マトリックス").as_deref(), Ok("マトリックス"));
    }
}
