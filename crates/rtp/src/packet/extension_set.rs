//! RFC 8285: the extensions of a header that is being made.

use std::fmt;

use super::elements::{Extensions, Form, FormRule};
use super::view::BLOCK_HEAD_LEN;
use crate::extension::Extension;
use crate::{DecodeError, ExtensionError};

/// Bytes of elements, two in front of each, that are kept without allocation.
const INLINE: usize = 64;

/// The extensions of a header: data by id, in the order in which they were set.
///
/// Up to 64 bytes, with two for each element, are kept without allocation.
///
/// ```
/// use rtp::extension::{AudioLevel, Mid};
/// use rtp::{ExtensionError, ExtensionSet, FormRule};
///
/// let mut extensions = ExtensionSet::new();
/// extensions.set_as(1, &AudioLevel { voice: true, level: 30 })?;
/// extensions.set_as(4, &Mid("audio"))?;
/// extensions.set(1, &[0x7f])?;
/// assert_eq!(extensions.iter().collect::<Vec<_>>(), [(1, &[0x7f][..]), (4, b"audio")]);
/// assert_eq!(extensions.get_as(1), Some(Ok(AudioLevel { voice: false, level: 127 })));
///
/// let mut narrow = ExtensionSet::with_rule(FormRule::OneByte);
/// assert_eq!(narrow.set(15, &[1]), Err(ExtensionError::NeedsTwoByteForm));
/// # Ok::<(), ExtensionError>(())
/// ```
#[derive(Clone)]
pub struct ExtensionSet {
    rule: FormRule,
    /// Each element as id, length, data.
    elements: Elements,
}

#[derive(Clone)]
enum Elements {
    Inline { len: u8, bytes: [u8; INLINE] },
    Allocated(Vec<u8>),
}

impl Elements {
    const EMPTY: Self = Self::Inline {
        len: 0,
        bytes: [0; INLINE],
    };

    fn as_slice(&self) -> &[u8] {
        match self {
            Self::Inline { len, bytes } => bytes.get(..usize::from(*len)).unwrap_or_default(),
            Self::Allocated(bytes) => bytes,
        }
    }

    fn as_mut_slice(&mut self) -> &mut [u8] {
        match self {
            Self::Inline { len, bytes } => bytes.get_mut(..usize::from(*len)).unwrap_or_default(),
            Self::Allocated(bytes) => bytes,
        }
    }

    /// Appends `count` zero bytes and gives them.
    fn grow(&mut self, count: usize) -> &mut [u8] {
        let start = self.as_slice().len();
        let end = start + count;
        match self {
            Self::Inline { len, .. } if end <= INLINE => *len = u8::try_from(end).unwrap_or(*len),
            Self::Inline { .. } => {
                let mut bytes = Vec::with_capacity(2 * end);
                bytes.extend_from_slice(self.as_slice());
                bytes.resize(end, 0);
                *self = Self::Allocated(bytes);
            }
            Self::Allocated(bytes) => bytes.resize(end, 0),
        }
        self.as_mut_slice().get_mut(start..).unwrap_or_default()
    }

    /// Drops `count` bytes from `start` on.
    fn cut(&mut self, start: usize, count: usize) {
        let bytes = self.as_mut_slice();
        let end = bytes.len();
        if start + count > end {
            return;
        }
        bytes.copy_within(start + count..end, start);
        match self {
            Self::Inline { len, .. } => *len = u8::try_from(end - count).unwrap_or(*len),
            Self::Allocated(bytes) => bytes.truncate(end - count),
        }
    }
}

impl ExtensionSet {
    /// No extension yet, in whichever form fits: [`FormRule::Mixed`].
    pub const fn new() -> Self {
        Self::with_rule(FormRule::Mixed)
    }

    /// No extension yet, in the form that `rule` allows.
    pub const fn with_rule(rule: FormRule) -> Self {
        Self {
            rule,
            elements: Elements::EMPTY,
        }
    }

    /// Which form the elements may take.
    pub const fn rule(&self) -> FormRule {
        self.rule
    }

    /// Sets the data of an id, in the place of what it had.
    ///
    /// # Errors
    /// When the element cannot be written in a header; nothing changes.
    pub fn set(&mut self, id: u8, data: &[u8]) -> Result<(), ExtensionError> {
        self.place(id, data.len())?.copy_from_slice(data);
        Ok(())
    }

    /// Sets what an extension says, in the place of what its id had.
    ///
    /// # Errors
    /// As [`ExtensionSet::set`].
    pub fn set_as<'e, E: Extension<'e>>(&mut self, id: u8, value: &E) -> Result<(), ExtensionError> {
        value.encode(&mut self.place(id, value.encoded_len())?);
        Ok(())
    }

    /// Room for the data of an id: where it stands already when the length is the same, else at the end.
    fn place(&mut self, id: u8, len: usize) -> Result<&mut [u8], ExtensionError> {
        self.rule.form(id, len)?;
        let start = match self.find(id) {
            Some((start, old)) if old == len => start,
            Some((start, old)) => {
                self.elements.cut(start - 2, old + 2);
                self.append(id, len)?
            }
            None => self.append(id, len)?,
        };
        let data = self.elements.as_mut_slice().get_mut(start..start + len);
        Ok(data.unwrap_or_default())
    }

    /// An element at the end; where its data begins.
    fn append(&mut self, id: u8, len: usize) -> Result<usize, ExtensionError> {
        let length = u8::try_from(len).map_err(|_| ExtensionError::TooLong)?;
        let start = self.elements.as_slice().len() + 2;
        if let Some(head) = self.elements.grow(2 + len).first_chunk_mut() {
            *head = [id, length];
        }
        Ok(start)
    }

    /// Where the data of an id begins, and its length.
    fn find(&self, id: u8) -> Option<(usize, usize)> {
        let mut elements = self.iter();
        let (_, data) = elements.find(|(it, _)| *it == id)?;
        let end = self.elements.as_slice().len() - elements.rest_len();
        Some((end - data.len(), data.len()))
    }

    /// Removes an extension; false when there was none with this id.
    pub fn remove(&mut self, id: u8) -> bool {
        let found = self.find(id);
        if let Some((start, len)) = found {
            self.elements.cut(start - 2, len + 2);
        }
        found.is_some()
    }

    /// Removes all.
    pub fn clear(&mut self) {
        match &mut self.elements {
            Elements::Inline { len, .. } => *len = 0,
            Elements::Allocated(bytes) => bytes.clear(),
        }
    }

    /// The data of an id.
    pub fn get(&self, id: u8) -> Option<&[u8]> {
        self.iter().find(|(it, _)| *it == id).map(|(_, data)| data)
    }

    /// What an extension says.
    pub fn get_as<'s, E: Extension<'s>>(&'s self, id: u8) -> Option<Result<E, DecodeError>> {
        self.get(id).map(E::decode)
    }

    /// All, in the order in which they were set.
    pub fn iter(&self) -> Extensions<'_> {
        Extensions::new(Form::TwoByte, self.elements.as_slice())
    }

    /// How many extensions there are.
    pub fn len(&self) -> usize {
        self.iter().count()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.elements.as_slice().is_empty()
    }

    /// The form in which a header has these; `None` when there is none.
    pub fn form(&self) -> Option<Form> {
        let needs = |(id, data): (u8, &[u8])| self.rule.form(id, data.len()) != Ok(Form::OneByte);
        match self.is_empty() {
            true => None,
            false if self.iter().any(needs) => Some(Form::TwoByte),
            false => Some(Form::OneByte),
        }
    }

    /// Bytes of a header that hold these: none when there is no extension.
    pub(super) fn encoded_len(&self) -> usize {
        let Some(form) = self.form() else { return 0 };
        let elements: usize = self.iter().map(|(_, data)| form.head_len() + data.len()).sum();
        BLOCK_HEAD_LEN + elements.next_multiple_of(4)
    }
}

impl Default for ExtensionSet {
    fn default() -> Self {
        Self::new()
    }
}

impl PartialEq for ExtensionSet {
    fn eq(&self, other: &Self) -> bool {
        self.rule == other.rule && self.elements.as_slice() == other.elements.as_slice()
    }
}

impl Eq for ExtensionSet {}

impl fmt::Debug for ExtensionSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl<'s> IntoIterator for &'s ExtensionSet {
    type Item = (u8, &'s [u8]);
    type IntoIter = Extensions<'s>;

    fn into_iter(self) -> Extensions<'s> {
        self.iter()
    }
}
