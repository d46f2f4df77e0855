//! The string type of the model: a slice of the description it was parsed from.
//!
//! A Chromium offer has several hundred small strings. They all share one allocation, the text of the
//! description; strings that a caller puts in have one of their own.

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Deref;
use std::sync::Arc;

/// An immutable string that is cheap to clone: a part of a shared text.
///
/// It dereferences to `str`, compares with `str` and is made from anything string-like with `into()`.
///
/// ```
/// let text = sdp::Text::from("webrtc-datachannel");
/// assert_eq!(text, "webrtc-datachannel");
/// assert!(text.starts_with("webrtc"));
/// ```
#[derive(Clone, Default)]
pub struct Text {
    whole: Arc<str>,
    start: u32,
    end: u32,
}

impl Text {
    /// The string itself; what `Deref` gives.
    pub fn as_str(&self) -> &str {
        self.whole
            .get(self.start as usize..self.end as usize)
            .unwrap_or("")
    }

    fn owned(whole: Arc<str>) -> Self {
        // Beyond 4 GiB, which no line of a description reaches, the text ends.
        let end = u32::try_from(whole.len()).unwrap_or(u32::MAX);
        Self { whole, start: 0, end }
    }
}

/// The text a description is being parsed from; turns its parts into [`Text`] without copying.
#[derive(Clone, Copy)]
pub(crate) struct Source<'a>(pub(crate) &'a Arc<str>);

impl Source<'_> {
    /// Shares `part` where it lies inside this source, and copies it where it does not.
    pub(crate) fn text(self, part: &str) -> Text {
        let start = (part.as_ptr() as usize).wrapping_sub(self.0.as_ptr() as usize);
        let end = start.wrapping_add(part.len());
        let inside = start <= end && end <= self.0.len();
        match (u32::try_from(start), u32::try_from(end)) {
            (Ok(start), Ok(end)) if inside => Text {
                whole: Arc::clone(self.0),
                start,
                end,
            },
            _ => Text::owned(part.into()),
        }
    }
}

impl Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl AsRef<str> for Text {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl Borrow<str> for Text {
    fn borrow(&self) -> &str {
        self.as_str()
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self::owned(text.into())
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self::owned(text.into())
    }
}

impl From<&String> for Text {
    fn from(text: &String) -> Self {
        Self::owned(text.as_str().into())
    }
}

impl From<Text> for String {
    fn from(text: Text) -> Self {
        text.as_str().to_owned()
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self)
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl PartialEq for Text {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Text {}

impl PartialEq<str> for Text {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for Text {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl PartialOrd for Text {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Text {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_str().cmp(other)
    }
}

impl Hash for Text {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_the_source_are_shared_and_others_copied() {
        let whole: Arc<str> = "a=mid:0".into();
        let source = Source(&whole);
        let shared = source.text(&whole[2..5]);
        assert_eq!(shared, "mid");
        assert_eq!(Arc::strong_count(&whole), 2);
        let copied = source.text("elsewhere");
        assert_eq!(copied, "elsewhere");
        assert_eq!(Arc::strong_count(&whole), 2);
        assert_eq!(source.text(&whole[7..]), "");
    }

    #[test]
    fn text_compares_and_hashes_as_its_string() {
        let set: std::collections::HashSet<Text> = [Text::from("a"), Text::from(String::from("a"))].into();
        assert_eq!(set.len(), 1);
        assert!(set.contains("a"));
        assert_eq!(
            format!("{:?} {}", Text::from("x"), Text::from(String::from("y"))),
            "\"x\" y"
        );
    }
}
