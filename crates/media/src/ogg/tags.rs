//! The comment header (RFC 7845 §5.2).

use super::fields::Fields;
use crate::DecodeError;

const MAGIC: [u8; 8] = *b"OpusTags";

/// What is told about a stream: its second packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpusTags {
    /// What encoded it.
    pub vendor: String,
    /// Comments like `TITLE=…`.
    pub comments: Vec<String>,
}

impl Default for OpusTags {
    /// Names this crate and nothing else.
    fn default() -> Self {
        Self {
            vendor: concat!("webrtc-blocks media ", env!("CARGO_PKG_VERSION")).into(),
            comments: Vec::new(),
        }
    }
}

impl OpusTags {
    /// The value of the first comment of that name, in whatever case.
    ///
    /// ```
    /// use media::ogg::OpusTags;
    ///
    /// let tags = OpusTags { comments: vec!["Title=A call".into()], ..OpusTags::default() };
    /// assert_eq!(tags.get("TITLE"), Some("A call"));
    /// ```
    pub fn get(&self, name: &str) -> Option<&str> {
        let parts = self.comments.iter().filter_map(|comment| comment.split_once('='));
        parts
            .filter(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
            .next()
    }

    /// Decodes the packet. What is no UTF-8 is replaced; what stands behind the comments is ignored.
    ///
    /// # Errors
    /// It is none, or announces more than it has.
    pub fn decode(packet: &[u8]) -> Result<Self, DecodeError> {
        let mut fields = Fields::new(packet);
        if fields.array()? != MAGIC {
            return Err(Fields::new(packet).error("no comment header of Opus"));
        }
        let vendor = string(&mut fields)?;
        let count = fields.u32()? as usize;
        // RFC 7845 §8: every comment takes four bytes at least.
        if count > fields.len() / 4 {
            return Err(fields.error("more comments than fit"));
        }
        let comments = (0..count)
            .map(|_| string(&mut fields))
            .collect::<Result<_, _>>()?;
        Ok(Self { vendor, comments })
    }

    /// Appends the packet. Strings beyond 4 GiB are cut.
    pub fn encode(&self, out: &mut Vec<u8>) {
        let len = |len: usize| u32::try_from(len).unwrap_or(u32::MAX);
        out.extend_from_slice(&MAGIC);
        let count = len(self.comments.len());
        for (place, text) in std::iter::once(&self.vendor).chain(&self.comments).enumerate() {
            if place == 1 {
                out.extend_from_slice(&count.to_le_bytes());
            }
            let len = len(text.len());
            out.extend_from_slice(&len.to_le_bytes());
            out.extend(text.bytes().take(len as usize));
        }
        if count == 0 {
            out.extend_from_slice(&[0; 4]);
        }
    }
}

fn string(fields: &mut Fields<'_>) -> Result<String, DecodeError> {
    let len = fields.u32()? as usize;
    let text = fields.take(len)?;
    Ok(String::from_utf8_lossy(text).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Laid out by hand after figure 10.
    const BYTES: &[u8] = b"OpusTags\x02\0\0\0me\x02\0\0\0\x03\0\0\0a=b\x05\0\0\0A=\xc3\xa4c";

    #[test]
    fn tags_made_by_hand() {
        let tags = OpusTags {
            vendor: "me".into(),
            comments: vec!["a=b".into(), "A=äc".into()],
        };
        assert_eq!(OpusTags::decode(BYTES).as_ref(), Ok(&tags));
        assert_eq!(tags.get("A"), Some("b"), "the first counts");
        assert_eq!(tags.get("b"), None);
        let mut out = Vec::new();
        tags.encode(&mut out);
        assert_eq!(out, BYTES);
        for len in 0..BYTES.len() {
            assert!(OpusTags::decode(&BYTES[..len]).is_err(), "cut at {len}");
        }
    }

    #[test]
    fn hostile_counts_are_refused() {
        let mut many = b"OpusTags\0\0\0\0\xff\xff\xff\xff".to_vec();
        assert_eq!(
            OpusTags::decode(&many).unwrap_err().reason,
            "more comments than fit"
        );
        many[8] = 0xff;
        many[11] = 0x7f;
        assert_eq!(OpusTags::decode(&many).unwrap_err().reason, "truncated");
    }

    proptest! {
        #[test]
        fn round_trip(vendor in any::<String>(), comments in prop::collection::vec(any::<String>(), 0..5), tail in any::<[u8; 3]>()) {
            let tags = OpusTags { vendor, comments };
            let mut out = Vec::new();
            tags.encode(&mut out);
            out.extend(tail);
            prop_assert_eq!(OpusTags::decode(&out), Ok(tags));
        }
    }
}
