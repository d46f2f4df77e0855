//! Where streams are kept: dense places under small handles, and the one look-up from an SSRC that a received packet costs.

use std::fmt;

/// SSRC to a small value. Open addressing with a secret odd multiplier, so that a peer cannot choose SSRCs that collide; at most
/// half full. Entries come and go with signalling, never with packets.
#[derive(Debug)]
pub(crate) struct SsrcTable<V> {
    places: Vec<Option<(u32, V)>>,
    len: usize,
    multiplier: u64,
}

/// Places of an empty table; a power of two.
const FIRST: usize = 16;

impl<V: Copy> SsrcTable<V> {
    /// An empty table. `secret` spreads the keys.
    pub(crate) fn new(secret: u64) -> Self {
        Self {
            places: vec![None; FIRST],
            len: 0,
            multiplier: secret | 1,
        }
    }

    pub(crate) fn get(&self, ssrc: u32) -> Option<V> {
        let mut place = self.home(ssrc);
        loop {
            match self.places.get(place) {
                Some(Some((key, value))) if *key == ssrc => return Some(*value),
                Some(Some(_)) => place = self.next(place),
                Some(None) | None => return None,
            }
        }
    }

    /// Adds an entry unless the SSRC has one.
    pub(crate) fn insert(&mut self, ssrc: u32, value: V) -> bool {
        if self.get(ssrc).is_some() {
            return false;
        }
        if (self.len + 1) * 2 > self.places.len() {
            self.rebuild(self.places.len() * 2, None);
        }
        self.len += 1;
        self.put(ssrc, value);
        true
    }

    /// Takes an entry out. All others find new places, which is fine for something that signalling does.
    pub(crate) fn remove(&mut self, ssrc: u32) -> Option<V> {
        let value = self.get(ssrc)?;
        self.len -= 1;
        let size = ((self.len + 1) * 2).next_power_of_two().max(FIRST);
        self.rebuild(size, Some(ssrc));
        Some(value)
    }

    fn rebuild(&mut self, size: usize, without: Option<u32>) {
        let old = std::mem::replace(&mut self.places, vec![None; size]);
        for (ssrc, value) in old.into_iter().flatten() {
            if Some(ssrc) != without {
                self.put(ssrc, value);
            }
        }
    }

    fn put(&mut self, ssrc: u32, value: V) {
        let mut place = self.home(ssrc);
        while self.places.get(place).is_some_and(Option::is_some) {
            place = self.next(place);
        }
        if let Some(free) = self.places.get_mut(place) {
            *free = Some((ssrc, value));
        }
    }

    fn home(&self, ssrc: u32) -> usize {
        let spread = (u64::from(ssrc).wrapping_mul(self.multiplier)) >> 32;
        spread as usize & (self.places.len() - 1)
    }

    fn next(&self, place: usize) -> usize {
        (place + 1) & (self.places.len() - 1)
    }
}

/// Index and generation of a place: the handle that a caller keeps. A handle of a removed stream finds nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Key {
    pub(crate) index: u16,
    pub(crate) generation: u16,
}

/// Its place, and how often that was used before.
impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.index, self.generation)
    }
}

/// Values under [`Key`]s.
#[derive(Debug)]
pub(crate) struct Slots<T> {
    slots: Vec<Slot<T>>,
    len: usize,
}

#[derive(Debug)]
struct Slot<T> {
    generation: u16,
    value: Option<T>,
}

impl<T> Default for Slots<T> {
    fn default() -> Self {
        Self {
            slots: Vec::new(),
            len: 0,
        }
    }
}

impl<T> Slots<T> {
    /// Stores a value in the first free place; `None` when all 65,536 are taken.
    pub(crate) fn insert(&mut self, value: T) -> Option<Key> {
        let free = self.slots.iter().position(|slot| slot.value.is_none());
        let place = free.unwrap_or(self.slots.len());
        let index = u16::try_from(place).ok()?;
        if free.is_none() {
            self.slots.push(Slot {
                generation: 0,
                value: None,
            });
        }
        let slot = self.slots.get_mut(place)?;
        slot.value = Some(value);
        self.len += 1;
        Some(Key {
            index,
            generation: slot.generation,
        })
    }

    #[inline]
    pub(crate) fn get(&self, key: Key) -> Option<&T> {
        let slot = self.slots.get(usize::from(key.index))?;
        slot.value.as_ref().filter(|_| slot.generation == key.generation)
    }

    #[inline]
    pub(crate) fn get_mut(&mut self, key: Key) -> Option<&mut T> {
        let slot = self.slots.get_mut(usize::from(key.index))?;
        if slot.generation != key.generation {
            return None;
        }
        slot.value.as_mut()
    }

    pub(crate) fn remove(&mut self, key: Key) -> Option<T> {
        self.get(key)?;
        let slot = self.slots.get_mut(usize::from(key.index))?;
        slot.generation = slot.generation.wrapping_add(1);
        self.len -= 1;
        slot.value.take()
    }

    pub(crate) const fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (Key, &T)> {
        (0..).zip(&self.slots).filter_map(|(index, slot)| {
            let generation = slot.generation;
            slot.value
                .as_ref()
                .map(|value| (Key { index, generation }, value))
        })
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = (Key, &mut T)> {
        (0..).zip(&mut self.slots).filter_map(|(index, slot)| {
            let generation = slot.generation;
            slot.value
                .as_mut()
                .map(|value| (Key { index, generation }, value))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    proptest! {
        #[test]
        fn the_table_is_a_map(secret: u64, steps in prop::collection::vec((0u32..40, any::<bool>(), any::<u16>()), 0..300)) {
            let mut table = SsrcTable::new(secret);
            let mut model = BTreeMap::new();
            for (key, adds, value) in steps {
                let ssrc = key.wrapping_mul(0x0101_0101);
                if adds {
                    prop_assert_eq!(table.insert(ssrc, value), !model.contains_key(&ssrc));
                    model.entry(ssrc).or_insert(value);
                } else {
                    prop_assert_eq!(table.remove(ssrc), model.remove(&ssrc));
                }
                prop_assert_eq!(table.len, model.len());
                prop_assert!(table.places.len() >= 2 * model.len());
            }
            for key in 0..40u32 {
                let ssrc = key.wrapping_mul(0x0101_0101);
                prop_assert_eq!(table.get(ssrc), model.get(&ssrc).copied());
            }
        }
    }

    #[test]
    fn a_stale_key_finds_nothing() {
        let mut slots = Slots::default();
        let first = slots.insert("first").unwrap();
        let second = slots.insert("second").unwrap();
        assert_eq!(slots.remove(first), Some("first"));
        let third = slots.insert("third").unwrap();
        assert_eq!(third.index, first.index);
        assert_eq!(slots.get(first), None);
        assert_eq!(slots.get_mut(first), None);
        assert_eq!(slots.remove(first), None);
        assert_eq!(
            slots.iter().map(|(key, value)| (key, *value)).collect::<Vec<_>>(),
            [(third, "third"), (second, "second")]
        );
        assert_eq!(slots.len(), 2);
    }
}
