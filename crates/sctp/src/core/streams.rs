//! State per stream, made when a stream is first used: 65,535 streams cost nothing until then.

/// Streams of one page.
const PAGE: usize = 64;

type Page<T> = [Option<Box<T>>; PAGE];

/// A table indexed by stream identifier, in two levels. With every page touched the pages take 512 KiB.
#[derive(Debug)]
pub(crate) struct Streams<T> {
    pages: Vec<Option<Box<Page<T>>>>,
    /// A bit for each stream that was used since the last [`take_used`](Self::take_used).
    used: Vec<u64>,
}

impl<T> Default for Streams<T> {
    fn default() -> Self {
        Self {
            pages: Vec::new(),
            used: Vec::new(),
        }
    }
}

impl<T> Streams<T> {
    pub(crate) fn get(&self, id: u16) -> Option<&T> {
        let page = self.pages.get(usize::from(id) / PAGE)?.as_ref()?;
        page.get(usize::from(id) % PAGE)?.as_deref()
    }

    pub(crate) fn get_mut(&mut self, id: u16) -> Option<&mut T> {
        let page = self.pages.get_mut(usize::from(id) / PAGE)?.as_mut()?;
        page.get_mut(usize::from(id) % PAGE)?.as_deref_mut()
    }

    /// The stream's state, made with `T::default` if it has none.
    pub(crate) fn entry(&mut self, id: u16) -> Option<&mut T>
    where
        T: Default,
    {
        let index = usize::from(id) / PAGE;
        if index >= self.pages.len() {
            self.pages.resize_with(index + 1, || None);
        }
        let page = self.pages.get_mut(index)?;
        let page = page.get_or_insert_with(|| Box::new([const { None }; PAGE]));
        Some(page.get_mut(usize::from(id) % PAGE)?.get_or_insert_default())
    }

    /// As [`entry`](Self::entry), and the stream counts as used.
    pub(crate) fn use_entry(&mut self, id: u16) -> Option<&mut T>
    where
        T: Default,
    {
        let index = usize::from(id) / 64;
        if index >= self.used.len() {
            self.used.resize(index + 1, 0);
        }
        if let Some(word) = self.used.get_mut(index) {
            *word |= 1 << (id % 64);
        }
        self.entry(id)
    }

    /// The streams used since the last call, in order. A peer that asks for a reset of all streams again and again
    /// makes us look at each of them only as often as it was used.
    pub(crate) fn take_used(&mut self) -> Vec<u16> {
        let words = std::mem::take(&mut self.used);
        let ids = words.iter().zip((0..=u16::MAX).step_by(64));
        ids.flat_map(|(word, first)| {
            (0..64)
                .filter(move |bit| word >> bit & 1 == 1)
                .map(move |bit| first + bit)
        })
        .collect()
    }

    /// All streams with state, in order.
    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = (u16, &mut T)> {
        let places = self.pages.iter_mut().enumerate().flat_map(|(index, page)| {
            let places = page.iter_mut().flat_map(|page| page.iter_mut().enumerate());
            places.map(move |(place, stream)| (index * PAGE + place, stream))
        });
        places.filter_map(|(id, stream)| Some((u16::try_from(id).ok()?, stream.as_deref_mut()?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_appear_when_used() {
        let mut streams = Streams::<u32>::default();
        assert!(streams.get(0).is_none());
        for id in [65_535, 0, 63, 64, 1000] {
            *streams.entry(id).unwrap() = u32::from(id) + 1;
        }
        assert_eq!(streams.get(65_535), Some(&65_536));
        assert_eq!(streams.get(65_534), None);
        let ids: Vec<u16> = streams.iter_mut().map(|(id, _)| id).collect();
        assert_eq!(ids, [0, 63, 64, 1000, 65_535]);
        assert_eq!(streams.get_mut(63), Some(&mut 64));
    }

    #[test]
    fn each_use_counts_once() {
        let mut streams = Streams::<u32>::default();
        streams.entry(5);
        for id in [65_535, 0, 63, 64, 0] {
            streams.use_entry(id);
        }
        assert_eq!(streams.take_used(), [0, 63, 64, 65_535]);
        assert_eq!(streams.take_used(), []);
        streams.use_entry(64);
        assert_eq!(streams.take_used(), [64]);
    }
}
