//! RFC 7741 §4.2: splicing streams, and leaving out frames, so that the receiver sees numbers without gap.

use super::super::running::Running;
use super::{Descriptor, DescriptorMut};
use crate::DecodeError;

/// Renumbers the payloads that go to one receiver.
///
/// ```
/// use rtp::payload::vp8::{Descriptor, Renumberer};
///
/// let payload = |id: u8| [0x90, 0x80, 0x80, id, 0x01];
/// let id = |payload: &[u8]| Descriptor::decode(payload).unwrap().0.picture_id.unwrap().value();
/// let mut renumberer = Renumberer::new();
///
/// let mut first = payload(20);
/// renumberer.forward(&mut first)?;
/// renumberer.leave_out(&payload(21))?; // a frame of a temporal layer that is not wanted
/// let mut second = payload(22);
/// renumberer.forward(&mut second)?;
/// renumberer.switch();
/// let mut other = payload(99);
/// renumberer.forward(&mut other)?;
/// assert_eq!([id(&first), id(&second), id(&other)], [20, 21, 22]);
/// # Ok::<(), rtp::DecodeError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Renumberer {
    picture_id: Running,
    tl0_picture_index: Running,
    key_index: Running,
}

impl Renumberer {
    /// One that leaves the numbers of the first source as they are.
    pub fn new() -> Self {
        Self::default()
    }

    /// The next payload begins a frame of another source; later ones of the old source are not to be forwarded.
    pub fn switch(&mut self) {
        self.picture_id.switch();
        self.tl0_picture_index.switch();
        self.key_index.switch();
    }

    /// Renumbers a payload in place. Payloads of a frame, retransmitted ones too, get the same numbers.
    ///
    /// # Errors
    /// When the descriptor is cut off.
    #[inline]
    pub fn forward(&mut self, payload: &mut [u8]) -> Result<(), DecodeError> {
        let mut place = DescriptorMut::decode(payload)?;
        let Descriptor {
            picture_id,
            tl0_picture_index,
            key_index,
            ..
        } = *place.descriptor();
        if let Some(id) = picture_id {
            place.set_picture_id(self.picture_id.forward(id.value(), id.mask()));
        }
        if let Some(index) = tl0_picture_index {
            place.set_tl0_picture_index(self.tl0_picture_index.forward_byte(index, 0xff));
        }
        if let Some(index) = key_index {
            place.set_key_index(self.key_index.forward_byte(index, 0x1f));
        }
        Ok(())
    }

    /// The frame of this payload is not forwarded, by choice: the frames after it move up.
    ///
    /// # Errors
    /// When the descriptor is cut off.
    pub fn leave_out(&mut self, payload: &[u8]) -> Result<(), DecodeError> {
        let (descriptor, _) = Descriptor::decode(payload)?;
        if let Some(id) = descriptor.picture_id {
            self.picture_id.leave_out(id.value(), id.mask());
        }
        Ok(())
    }
}
