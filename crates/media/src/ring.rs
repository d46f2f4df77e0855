//! Packets in the order of their numbers, with room for those that are missing.

use std::collections::VecDeque;

/// A window of numbered places, each empty or not; the last one never is.
#[derive(Debug)]
pub(crate) struct Ring<T> {
    slots: VecDeque<Option<T>>,
    /// Number of the first place.
    first: u64,
    /// Number of the first place that is not empty.
    present: Option<u64>,
}

impl<T> Ring<T> {
    pub(crate) const fn new(first: u64) -> Self {
        Self {
            slots: VecDeque::new(),
            first,
            present: None,
        }
    }

    /// Number of the first place, be it in the window or the next to come.
    pub(crate) const fn first(&self) -> u64 {
        self.first
    }

    /// Number behind the last place.
    pub(crate) fn end(&self) -> u64 {
        self.first + self.slots.len() as u64
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    pub(crate) fn get(&self, number: u64) -> Option<&T> {
        self.slots.get(self.index(number)?)?.as_ref()
    }

    fn index(&self, number: u64) -> Option<usize> {
        usize::try_from(number.checked_sub(self.first)?).ok()
    }

    /// Puts a packet to its place, which the window grows to; false when the place is taken or lies before the window.
    pub(crate) fn insert(&mut self, number: u64, item: T) -> bool {
        let Some(index) = self.index(number) else {
            return false;
        };
        if index >= self.slots.len() {
            self.slots.resize_with(index + 1, || None);
        }
        match self.slots.get_mut(index) {
            Some(slot @ None) => {
                *slot = Some(item);
                self.present = self.present.map(|present| present.min(number)).or(Some(number));
                true
            }
            Some(Some(_)) | None => false,
        }
    }

    /// Lets the window begin earlier.
    pub(crate) fn extend_front(&mut self, first: u64) {
        while self.first > first {
            self.slots.push_front(None);
            self.first -= 1;
        }
    }

    /// Takes the first place out of the window, with what is there.
    pub(crate) fn pop(&mut self) -> Option<T> {
        let slot = self.slots.pop_front()?;
        self.first += 1;
        if slot.is_some() {
            let empty = self.slots.iter().take_while(|slot| slot.is_none()).count();
            self.present = (empty < self.slots.len()).then_some(self.first + empty as u64);
        }
        slot
    }

    /// The first packet that is there, and its number.
    pub(crate) fn first_present(&self) -> Option<(u64, &T)> {
        let number = self.present?;
        Some((number, self.get(number)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn places_are_filled_in_any_order() {
        let mut ring = Ring::new(10);
        assert!(ring.insert(12, 'c'));
        assert!(ring.insert(10, 'a'));
        assert!(!ring.insert(10, 'x'), "taken");
        assert!(!ring.insert(9, 'x'), "before the window");
        assert_eq!((ring.first(), ring.end()), (10, 13));
        assert_eq!(ring.first_present(), Some((10, &'a')));
        assert_eq!(ring.pop(), Some('a'));
        assert_eq!(ring.first_present(), Some((12, &'c')));
        assert_eq!((ring.get(11), ring.get(12)), (None, Some(&'c')));
        assert_eq!(ring.pop(), None);
        assert_eq!(ring.pop(), Some('c'));
        assert!(ring.is_empty());
        assert_eq!((ring.pop(), ring.first()), (None, 13));
        ring.extend_front(11);
        assert!(ring.insert(11, 'k'));
        assert_eq!(ring.first_present(), Some((11, &'k')));
    }

    proptest! {
        #[test]
        fn the_first_present_is_the_first_that_is_there(steps in prop::collection::vec((0..3_u8, 0..20_u64), 0..99)) {
            let mut ring = Ring::new(100);
            for (step, number) in steps {
                match step {
                    0 => {
                        ring.pop();
                    }
                    1 => ring.extend_front(ring.first() - number % 3),
                    _ => {
                        ring.insert(ring.first() + number, number);
                    }
                }
                let first = (ring.first()..ring.end()).find(|number| ring.get(*number).is_some());
                prop_assert_eq!(ring.first_present().map(|(number, _)| number), first);
            }
        }
    }
}
