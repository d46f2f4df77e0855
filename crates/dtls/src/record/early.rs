//! Records of epoch 1 that arrive before they can be used.
//!
//! Reordering puts a Finished, or the first application data, in front of the messages that make the keys
//! (RFC 6347 §4.1: such records may be buffered). Both lists are bounded in number and bytes; what does not fit is
//! dropped, and its sender sends it again.

/// Most records kept of each kind.
pub(crate) const MAX_RECORDS: usize = 32;
/// Most bytes kept of each kind.
pub(crate) const MAX_BYTES: usize = 32 * 1024;

/// A bounded list of byte strings.
#[derive(Debug, Default)]
struct Bounded {
    items: Vec<Vec<u8>>,
    bytes: usize,
}

impl Bounded {
    fn push(&mut self, item: &[u8]) -> bool {
        if self.items.len() >= MAX_RECORDS || self.bytes + item.len() > MAX_BYTES {
            return false;
        }
        self.bytes += item.len();
        self.items.push(item.to_vec());
        true
    }

    fn take(&mut self) -> Vec<Vec<u8>> {
        self.bytes = 0;
        std::mem::take(&mut self.items)
    }
}

/// What arrived too early.
#[derive(Debug, Default)]
pub(crate) struct EarlyRecords {
    sealed: Bounded,
    opened: Bounded,
}

impl EarlyRecords {
    /// Keeps a whole record that no key opens yet; `false` when there is no room.
    pub(crate) fn push_sealed(&mut self, record: &[u8]) -> bool {
        self.sealed.push(record)
    }

    /// Keeps application data of a peer whose Finished has not been verified yet; `false` when there is no room.
    pub(crate) fn push_opened(&mut self, data: &[u8]) -> bool {
        self.opened.push(data)
    }

    pub(crate) fn held_bytes(&self) -> usize {
        self.sealed.bytes + self.opened.bytes
    }

    pub(crate) fn take_sealed(&mut self) -> Vec<Vec<u8>> {
        self.sealed.take()
    }

    pub(crate) fn take_opened(&mut self) -> Vec<Vec<u8>> {
        self.opened.take()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_no_more_than_its_bounds() {
        let mut early = EarlyRecords::default();
        for number in 0..100 {
            assert_eq!(early.push_sealed(&[0; 10]), number < MAX_RECORDS);
        }
        assert_eq!(early.take_sealed().len(), MAX_RECORDS);
        assert!(early.push_sealed(&vec![0; MAX_BYTES]));
        assert!(!early.push_sealed(&[0]));
        assert!(early.push_opened(&[0]), "the two lists do not share their room");
    }
}
