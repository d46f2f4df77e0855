//! The DER (X.690) that key containers need: a strict reader over a slice and a small writer. Lengths are definite and
//! minimal, tags are single bytes. Certificates are read elsewhere.

pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const BIT_STRING: u8 = 0x03;
pub(crate) const OCTET_STRING: u8 = 0x04;
pub(crate) const NULL: u8 = 0x05;
pub(crate) const OID: u8 = 0x06;
pub(crate) const SEQUENCE: u8 = 0x30;
pub(crate) const CONTEXT_0: u8 = 0xa0;
pub(crate) const CONTEXT_1: u8 = 0xa1;
/// `[1] IMPLICIT BIT STRING`: the public key of a version 2 PKCS#8.
pub(crate) const CONTEXT_1_PRIMITIVE: u8 = 0x81;

/// Reads values one after the other; every method gives `None` where the bytes are not what it asks for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The tag of the next value.
    pub(crate) fn peek(&self) -> Option<u8> {
        self.0.first().copied()
    }

    /// The content of the next value, which must have this tag.
    pub(crate) fn read(&mut self, tag: u8) -> Option<&'a [u8]> {
        let (&[found, first], rest) = self.0.split_first_chunk()?;
        if found != tag {
            return None;
        }
        let (len, rest) = match first {
            0..=0x7f => (usize::from(first), rest),
            0x81 => {
                let (&[len], rest) = rest.split_first_chunk()?;
                (usize::from(len).checked_sub(0x80)? + 0x80, rest)
            }
            0x82 => {
                let (&len, rest) = rest.split_first_chunk()?;
                (
                    usize::from(u16::from_be_bytes(len)).checked_sub(0x100)? + 0x100,
                    rest,
                )
            }
            _ => return None,
        };
        let (content, rest) = rest.split_at_checked(len)?;
        self.0 = rest;
        Some(content)
    }

    /// A nested value that holds others.
    pub(crate) fn nested(&mut self, tag: u8) -> Option<Reader<'a>> {
        self.read(tag).map(Reader)
    }

    /// A nested value if the next one has this tag.
    pub(crate) fn optional(&mut self, tag: u8) -> Option<&'a [u8]> {
        if self.peek() == Some(tag) {
            self.read(tag)
        } else {
            None
        }
    }

    /// A bit string of whole bytes.
    pub(crate) fn bit_string(&mut self) -> Option<&'a [u8]> {
        self.read(BIT_STRING)?.strip_prefix(&[0])
    }

    /// `Some` if nothing is left.
    pub(crate) fn end(self) -> Option<()> {
        self.is_empty().then_some(())
    }
}

/// Reads exactly one value that fills `bytes`.
pub(crate) fn read_only(bytes: &[u8], tag: u8) -> Option<Reader<'_>> {
    let mut outer = Reader::new(bytes);
    let inner = outer.nested(tag)?;
    outer.end()?;
    Some(inner)
}

/// Appends a value whose content is the parts one after the other. `None` if it would be longer than 65,535 bytes.
pub(crate) fn write(out: &mut Vec<u8>, tag: u8, parts: &[&[u8]]) -> Option<()> {
    let len = u16::try_from(parts.iter().map(|part| part.len()).sum::<usize>()).ok()?;
    let [high, low] = len.to_be_bytes();
    out.push(tag);
    match (high, low) {
        (0, 0..=0x7f) => out.push(low),
        (0, _) => out.extend_from_slice(&[0x81, low]),
        (_, _) => out.extend_from_slice(&[0x82, high, low]),
    }
    parts.iter().for_each(|part| out.extend_from_slice(part));
    Some(())
}

/// A value on its own.
pub(crate) fn value(tag: u8, parts: &[&[u8]]) -> Option<Vec<u8>> {
    // Room at once, so that a growing vector leaves no copy of a private key behind.
    let mut out = Vec::with_capacity(4 + parts.iter().map(|part| part.len()).sum::<usize>());
    write(&mut out, tag, parts)?;
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_round_trip_in_their_shortest_form() {
        for len in [0, 1, 127, 128, 255, 256, 1000, 65_535] {
            let content = vec![7; len];
            let bytes = value(OCTET_STRING, &[&content]).unwrap();
            let mut reader = Reader::new(&bytes);
            assert_eq!(reader.read(OCTET_STRING), Some(&content[..]), "{len}");
            assert!(reader.end().is_some());
            for cut in 0..bytes.len().min(300) {
                assert_eq!(
                    Reader::new(&bytes[..cut]).read(OCTET_STRING),
                    None,
                    "{len} cut at {cut}"
                );
            }
        }
        assert_eq!(value(OCTET_STRING, &[&vec![0; 65_536]]), None);
    }

    #[test]
    fn long_forms_of_short_lengths_are_refused() {
        assert_eq!(Reader::new(&[4, 0x81, 1, 9]).read(OCTET_STRING), None);
        assert_eq!(Reader::new(&[4, 0x82, 0, 1, 9]).read(OCTET_STRING), None);
        assert_eq!(
            Reader::new(&[4, 0x80, 0, 0]).read(OCTET_STRING),
            None,
            "indefinite"
        );
        assert_eq!(Reader::new(&[4, 0x84, 0, 0, 0, 1, 9]).read(OCTET_STRING), None);
    }

    #[test]
    fn other_tags_and_trailing_bytes_are_refused() {
        assert_eq!(Reader::new(&[4, 1, 9]).read(SEQUENCE), None);
        assert!(read_only(&[0x30, 0, 0], SEQUENCE).is_none());
        assert_eq!(Reader::new(&[3, 2, 1, 9]).bit_string(), None, "unused bits");
        assert_eq!(Reader::new(&[3, 2, 0, 9]).bit_string(), Some(&[9][..]));
    }
}
