//! Storage with stable small keys and reuse of freed places.

/// Values under `u32` keys.
#[derive(Debug)]
pub(crate) struct Slab<T> {
    places: Vec<Place<T>>,
    free: Option<u32>,
    len: usize,
}

#[derive(Debug)]
enum Place<T> {
    Used(T),
    Free(Option<u32>),
}

impl<T> Default for Slab<T> {
    fn default() -> Self {
        Self {
            places: Vec::new(),
            free: None,
            len: 0,
        }
    }
}

/// An emptied slab keeps this many places.
const KEEP: usize = 8;

impl<T> Slab<T> {
    /// Stores a value.
    pub(crate) fn insert(&mut self, value: T) -> u32 {
        self.len += 1;
        if let Some(key) = self.free
            && let Some(place) = self.places.get_mut(key as usize)
        {
            if let Place::Free(next) = place {
                self.free = *next;
            }
            *place = Place::Used(value);
            return key;
        }
        let key = u32::try_from(self.places.len()).unwrap_or(u32::MAX);
        self.places.push(Place::Used(value));
        key
    }

    pub(crate) fn get(&self, key: u32) -> Option<&T> {
        match self.places.get(key as usize)? {
            Place::Used(value) => Some(value),
            Place::Free(_) => None,
        }
    }

    pub(crate) fn get_mut(&mut self, key: u32) -> Option<&mut T> {
        match self.places.get_mut(key as usize)? {
            Place::Used(value) => Some(value),
            Place::Free(_) => None,
        }
    }

    /// Takes a value out.
    pub(crate) fn remove(&mut self, key: u32) -> Option<T> {
        let place = self.places.get_mut(key as usize)?;
        if matches!(place, Place::Free(_)) {
            return None;
        }
        let old = std::mem::replace(place, Place::Free(self.free));
        self.free = Some(key);
        self.len -= 1;
        if self.len == 0 {
            self.places.clear();
            self.places.shrink_to(KEEP);
            self.free = None;
        }
        match old {
            Place::Used(value) => Some(value),
            Place::Free(_) => None,
        }
    }

    /// All values with their keys.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u32, &T)> {
        (0..).zip(&self.places).filter_map(|(key, place)| match place {
            Place::Used(value) => Some((key, value)),
            Place::Free(_) => None,
        })
    }

    pub(crate) const fn len(&self) -> usize {
        self.len
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reuses_places_and_shrinks() {
        let mut slab = Slab::default();
        let keys: Vec<u32> = (0..100).map(|n| slab.insert(n)).collect();
        assert_eq!(slab.remove(keys[40]), Some(40));
        assert_eq!(slab.remove(keys[40]), None);
        assert_eq!(slab.get(keys[40]), None);
        assert_eq!(slab.insert(1000), keys[40]);
        assert_eq!(slab.get_mut(keys[40]), Some(&mut 1000));
        for key in keys {
            assert!(slab.remove(key).is_some());
        }
        assert_eq!(slab.len(), 0);
        assert!(slab.places.capacity() <= KEEP);
        assert_eq!(slab.insert(7), 0);
    }
}
