//! RFC 8285 §4: the elements of a header extension, in the one-byte and the two-byte form.
//!
//! Reading is tolerant: what comes before a broken element stands, the rest is left alone.

use crate::ExtensionError;

/// "Defined by profile" of a block of one-byte elements (RFC 8285 §4.2).
pub(crate) const ONE_BYTE_PROFILE: u16 = 0xbede;
/// The same of two-byte elements, whose last four bits are for applications (RFC 8285 §4.3).
pub(crate) const TWO_BYTE_PROFILE: u16 = 0x1000;
/// The longest data of an element in the one-byte form, in bytes.
pub(crate) const ONE_BYTE_MAX: usize = 16;

/// How elements are written in a packet: with one or two bytes in front of the data (RFC 8285 §4.2, §4.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Form {
    /// Ids 1 to 14, 1 to 16 bytes of data.
    OneByte,
    /// Ids 1 to 255, up to 255 bytes of data.
    TwoByte,
}

impl Form {
    /// The form a "defined by profile" value stands for; `None` for extensions that are not of RFC 8285.
    pub(crate) const fn of_profile(profile: u16) -> Option<Self> {
        match profile {
            ONE_BYTE_PROFILE => Some(Self::OneByte),
            profile if profile & 0xfff0 == TWO_BYTE_PROFILE => Some(Self::TwoByte),
            _ => None,
        }
    }

    pub(crate) const fn profile(self) -> u16 {
        match self {
            Self::OneByte => ONE_BYTE_PROFILE,
            Self::TwoByte => TWO_BYTE_PROFILE,
        }
    }

    /// Bytes in front of an element's data.
    pub(crate) const fn head_len(self) -> usize {
        match self {
            Self::OneByte => 1,
            Self::TwoByte => 2,
        }
    }
}

/// Which forms a sender may use in a stream (RFC 8285 §4.1.2, §6).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum FormRule {
    /// The smallest that holds a packet's elements; needs `a=extmap-allow-mixed` once both occur. The default, since browsers
    /// negotiate it and ids up to 14 with short data never need the other form.
    #[default]
    Mixed,
    /// One-byte always: elements that need more are refused.
    OneByte,
    /// Two-byte always, for peers that negotiated ids above 14 without `a=extmap-allow-mixed`.
    TwoByte,
}

impl FormRule {
    /// The form an element needs under this rule.
    #[inline]
    pub(crate) fn form(self, id: u8, len: usize) -> Result<Form, ExtensionError> {
        if id == 0 {
            return Err(ExtensionError::ReservedId);
        }
        if len > usize::from(u8::MAX) {
            return Err(ExtensionError::TooLong);
        }
        let is_small = id < 15 && (1..=ONE_BYTE_MAX).contains(&len);
        match self {
            Self::TwoByte => Ok(Form::TwoByte),
            Self::Mixed | Self::OneByte if is_small => Ok(Form::OneByte),
            Self::Mixed => Ok(Form::TwoByte),
            Self::OneByte => Err(ExtensionError::NeedsTwoByteForm),
        }
    }
}

/// The elements of a header extension, in their order: an id, which was negotiated for a URI, and its data.
///
/// Made by `extensions()` of a packet, a header or an [`ExtensionSet`](crate::ExtensionSet).
#[derive(Clone, Debug)]
pub struct Extensions<'a> {
    form: Form,
    rest: &'a [u8],
}

impl<'a> Extensions<'a> {
    pub(crate) const fn new(form: Form, elements: &'a [u8]) -> Self {
        Self { form, rest: elements }
    }

    pub(crate) const fn none() -> Self {
        Self::new(Form::OneByte, &[])
    }

    /// Bytes of the block that have not been read.
    pub(crate) const fn rest_len(&self) -> usize {
        self.rest.len()
    }

    #[inline]
    fn step(&mut self) -> Option<(u8, &'a [u8])> {
        let (mut head, mut rest) = self.rest.split_first()?;
        while *head == 0 {
            (head, rest) = rest.split_first()?;
        }
        let (id, len) = match self.form {
            // §4.1.2 and §4.2: id 0 with a length, and id 15, end the block.
            Form::OneByte if *head < 0x10 || *head >= 0xf0 => return None,
            Form::OneByte => (*head >> 4, usize::from(*head & 0x0f) + 1),
            Form::TwoByte => {
                let (len, after) = rest.split_first()?;
                rest = after;
                (*head, usize::from(*len))
            }
        };
        let data;
        (data, self.rest) = rest.split_at_checked(len)?;
        Some((id, data))
    }
}

impl<'a> Iterator for Extensions<'a> {
    type Item = (u8, &'a [u8]);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let element = self.step();
        if element.is_none() {
            self.rest = &[];
        }
        element
    }
}

impl std::iter::FusedIterator for Extensions<'_> {}

#[cfg(test)]
mod tests {
    use super::*;

    type Element = (u8, &'static [u8]);

    fn read(form: Form, bytes: &'static [u8]) -> Vec<Element> {
        Extensions::new(form, bytes).collect()
    }

    #[test]
    fn reads_the_figures_of_rfc_8285() {
        let one_byte = [0x10, 0xa1, 0x21, 0xb1, 0xb2, 0, 0, 0x33, 0xc1, 0xc2, 0xc3, 0xc4];
        let expected: [Element; 3] = [(1, &[0xa1]), (2, &[0xb1, 0xb2]), (3, &[0xc1, 0xc2, 0xc3, 0xc4])];
        assert_eq!(
            Extensions::new(Form::OneByte, &one_byte).collect::<Vec<_>>(),
            expected
        );
        let two_byte = [1, 0, 2, 1, 0xb1, 0, 3, 4, 0xc1, 0xc2, 0xc3, 0xc4];
        let expected: [Element; 3] = [(1, &[]), (2, &[0xb1]), (3, &[0xc1, 0xc2, 0xc3, 0xc4])];
        assert_eq!(
            Extensions::new(Form::TwoByte, &two_byte).collect::<Vec<_>>(),
            expected
        );
    }

    #[test]
    fn keeps_what_stands_before_a_broken_element() {
        const FIRST: Element = (1, &[7]);
        let cases: [(&str, Form, &'static [u8]); 7] = [
            ("id 15", Form::OneByte, &[0x10, 7, 0xf0, 1, 0x20, 2]),
            ("id 0 with a length", Form::OneByte, &[0x10, 7, 0x01, 1, 0x20, 2]),
            ("data cut off", Form::OneByte, &[0x10, 7, 0x23, 1, 2, 3]),
            ("only a head", Form::OneByte, &[0x10, 7, 0x20]),
            ("data cut off", Form::TwoByte, &[1, 1, 7, 2, 3, 1, 2]),
            ("no length", Form::TwoByte, &[1, 1, 7, 2]),
            ("padding", Form::TwoByte, &[0, 0, 1, 1, 7, 0, 0]),
        ];
        for (name, form, bytes) in cases {
            assert_eq!(read(form, bytes), [FIRST], "{name}");
        }
    }

    #[test]
    fn knows_the_profiles() {
        assert_eq!(Form::of_profile(0xbede), Some(Form::OneByte));
        assert_eq!(Form::of_profile(0x1000), Some(Form::TwoByte));
        assert_eq!(Form::of_profile(0x100f), Some(Form::TwoByte));
        assert_eq!(Form::of_profile(0x1010), None);
        assert_eq!(Form::of_profile(0xc0de), None);
    }

    #[test]
    fn picks_the_form_that_the_rule_allows() {
        use ExtensionError::{NeedsTwoByteForm, ReservedId, TooLong};
        let cases = [
            (1, 1, Ok(Form::OneByte), Ok(Form::OneByte)),
            (14, 16, Ok(Form::OneByte), Ok(Form::OneByte)),
            (15, 1, Ok(Form::TwoByte), Err(NeedsTwoByteForm)),
            (1, 17, Ok(Form::TwoByte), Err(NeedsTwoByteForm)),
            (1, 0, Ok(Form::TwoByte), Err(NeedsTwoByteForm)),
            (255, 255, Ok(Form::TwoByte), Err(NeedsTwoByteForm)),
            (1, 256, Err(TooLong), Err(TooLong)),
            (0, 1, Err(ReservedId), Err(ReservedId)),
        ];
        for (id, len, mixed, one_byte) in cases {
            assert_eq!(FormRule::Mixed.form(id, len), mixed, "{id}, {len} bytes");
            assert_eq!(FormRule::OneByte.form(id, len), one_byte, "{id}, {len} bytes");
            let two_byte = mixed.map(|_| Form::TwoByte);
            assert_eq!(FormRule::TwoByte.form(id, len), two_byte, "{id}, {len} bytes");
        }
    }
}
