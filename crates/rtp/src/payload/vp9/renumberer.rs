//! RFC 9628 §4.2: splicing streams so that the receiver sees numbers that go on.

use super::super::running::Running;
use super::{Descriptor, DescriptorMut};
use crate::DecodeError;

/// Renumbers the payloads that go to one receiver. Pictures that are left out keep their numbers, since references are counted in
/// them; a receiver expects such gaps.
///
/// ```
/// use rtp::payload::vp9::{Descriptor, Renumberer};
///
/// let payload = |id: u8| [0x88, 0x80, id, 0x82];
/// let id = |payload: &[u8]| Descriptor::decode(payload).unwrap().0.picture_id.unwrap().value();
/// let mut renumberer = Renumberer::new();
///
/// let (mut first, mut other) = (payload(20), payload(99));
/// renumberer.forward(&mut first)?;
/// renumberer.switch();
/// renumberer.forward(&mut other)?;
/// assert_eq!([id(&first), id(&other)], [20, 21]);
/// # Ok::<(), rtp::DecodeError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Renumberer {
    picture_id: Running,
    tl0_picture_index: Running,
}

impl Renumberer {
    /// One that leaves the numbers of the first source as they are.
    pub fn new() -> Self {
        Self::default()
    }

    /// The next payload begins a picture of another source; later ones of the old source are not to be forwarded.
    pub fn switch(&mut self) {
        self.picture_id.switch();
        self.tl0_picture_index.switch();
    }

    /// Renumbers a payload in place. Payloads of a picture, retransmitted ones too, get the same numbers.
    ///
    /// # Errors
    /// As [`Descriptor::decode`].
    #[inline]
    pub fn forward(&mut self, payload: &mut [u8]) -> Result<(), DecodeError> {
        let (descriptor, _) = Descriptor::decode(payload)?;
        let id = descriptor.picture_id;
        let index = descriptor.tl0_picture_index;
        let mut place = DescriptorMut::decode(payload)?;
        if let Some(id) = id {
            place.set_picture_id(self.picture_id.forward(id.value(), id.mask()));
        }
        if let Some(index) = index {
            place.set_tl0_picture_index(self.tl0_picture_index.forward_byte(index, 0xff));
        }
        Ok(())
    }
}
