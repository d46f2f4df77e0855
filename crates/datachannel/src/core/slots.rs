//! Where channels live: an id stays good after its channel is closed, until many others were closed as well.

use std::collections::VecDeque;

use super::channel::Channel;

/// Names a channel of one association, for as long as it lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChannelId {
    index: u32,
    generation: u32,
}

/// How many closed channels are remembered, for their configuration, statistics and last messages.
const REMEMBERED: usize = 64;

#[derive(Debug, Default)]
pub(super) struct Slots {
    slots: Vec<Slot>,
    free: Vec<u32>,
    /// Channels that are closed and whose end was told, oldest first.
    retired: VecDeque<ChannelId>,
}

#[derive(Debug)]
struct Slot {
    generation: u32,
    channel: Option<Channel>,
}

impl Slots {
    /// Channels that are not retired.
    pub(super) fn live(&self) -> usize {
        self.slots.len() - self.free.len() - self.retired.len()
    }

    pub(super) fn insert(&mut self, channel: Channel) -> ChannelId {
        if let Some(index) = self.free.pop()
            && let Some(slot) = self.slots.get_mut(index as usize)
        {
            slot.channel = Some(channel);
            return ChannelId {
                index,
                generation: slot.generation,
            };
        }
        let index = u32::try_from(self.slots.len()).unwrap_or(u32::MAX);
        // Most connections have one channel or two: their slots are as many, not the four that a vector begins with.
        if self.slots.len() == self.slots.capacity() {
            self.slots.reserve_exact(self.slots.len().max(1));
        }
        self.slots.push(Slot {
            generation: 0,
            channel: Some(channel),
        });
        ChannelId { index, generation: 0 }
    }

    pub(super) fn get(&self, id: ChannelId) -> Option<&Channel> {
        let slot = self
            .slots
            .get(id.index as usize)
            .filter(|slot| slot.generation == id.generation)?;
        slot.channel.as_ref()
    }

    pub(super) fn get_mut(&mut self, id: ChannelId) -> Option<&mut Channel> {
        let slot = self
            .slots
            .get_mut(id.index as usize)
            .filter(|slot| slot.generation == id.generation)?;
        slot.channel.as_mut()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (ChannelId, &Channel)> {
        self.slots.iter().zip(0..).filter_map(|(slot, index)| {
            let id = ChannelId {
                index,
                generation: slot.generation,
            };
            slot.channel.as_ref().map(|channel| (id, channel))
        })
    }

    /// The channel is closed and the application knows: it makes room for another.
    pub(super) fn retire(&mut self, id: ChannelId) {
        if self.get(id).is_none() {
            return;
        }
        self.retired.push_back(id);
        if self.retired.len() > REMEMBERED
            && let Some(oldest) = self.retired.pop_front()
        {
            self.free(oldest);
        }
    }

    /// Forgets a retired channel; others stay.
    pub(super) fn forget(&mut self, id: ChannelId) {
        if let Some(at) = self.retired.iter().position(|retired| *retired == id) {
            self.retired.remove(at);
            self.free(id);
        }
    }

    fn free(&mut self, id: ChannelId) {
        if let Some(slot) = self.slots.get_mut(id.index as usize) {
            slot.channel = None;
            slot.generation = slot.generation.wrapping_add(1);
            self.free.push(id.index);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::ChannelConfig;

    fn channel() -> Channel {
        Channel::new(ChannelConfig::default(), None)
    }

    #[test]
    fn an_old_id_does_not_name_a_newer_channel() {
        let mut slots = Slots::default();
        let first = slots.insert(channel());
        slots.retire(first);
        assert!(slots.get(first).is_some());
        assert_eq!(slots.live(), 0);
        slots.forget(first);
        assert!(slots.get(first).is_none());
        let second = slots.insert(channel());
        assert_ne!(first, second);
        assert!(slots.get(first).is_none() && slots.get_mut(second).is_some());
        slots.forget(second);
        assert_eq!((slots.live(), slots.iter().count()), (1, 1));
    }

    #[test]
    fn closed_channels_are_remembered_up_to_a_bound() {
        let mut slots = Slots::default();
        let ids: Vec<_> = (0..3 * REMEMBERED)
            .map(|_| {
                let id = slots.insert(channel());
                slots.retire(id);
                id
            })
            .collect();
        assert_eq!(slots.slots.len(), REMEMBERED + 1);
        assert_eq!(
            ids.iter().filter(|id| slots.get(**id).is_some()).count(),
            REMEMBERED
        );
        assert!(slots.get(ids[ids.len() - 1]).is_some());
        assert_eq!(slots.live(), 0);
    }
}
