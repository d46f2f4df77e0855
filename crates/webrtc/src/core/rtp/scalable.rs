//! What a forwarder knows of the frames of one source: which of them a subscriber gets, and what the codec, or the dependency
//! descriptor, counts by itself.

use rtp::PacketMut;
use rtp::payload::{vp8, vp9};

use super::border::{Border, Missing, Place};
use super::described_stream::DescribedStream;
use super::splice::Splice;
use super::svc::{Format, Layers, Limit};
use crate::core::media::RtpCodec;

/// What the codec counts by itself.
#[derive(Debug)]
enum Renumber {
    Nothing,
    Vp8(vp8::Renumberer),
    Vp9(vp9::Renumberer),
}

/// Frames of one source after the other.
#[derive(Debug)]
pub(super) struct Scalable {
    renumber: Renumber,
    /// The layers of VP8 or VP9, where packets have no dependency descriptor.
    layers: Option<Layers>,
    /// What dependency descriptors say.
    described: Option<DescribedStream>,
    border: Border,
}

impl Scalable {
    pub(super) fn new(codec: &RtpCodec) -> Self {
        let (renumber, format) = if codec.is("VP8") {
            (Renumber::Vp8(vp8::Renumberer::new()), Some(Format::Vp8))
        } else if codec.is("VP9") {
            (Renumber::Vp9(vp9::Renumberer::new()), Some(Format::Vp9))
        } else {
            (Renumber::Nothing, None)
        };
        Self {
            renumber,
            layers: format.map(Layers::new),
            described: None,
            border: Border::default(),
        }
    }

    /// Packets have dependency descriptors under this id.
    pub(super) fn describe(&mut self, id: u8) {
        self.described = Some(DescribedStream::new(id));
    }

    pub(super) fn limit(&mut self, limit: Limit) {
        if let Some(layers) = &mut self.layers {
            layers.limit(limit);
        }
        if let Some(described) = &mut self.described {
            described.limit(limit);
        }
    }

    /// Another source begins, or the first one.
    pub(super) fn switch(&mut self, is_first: bool) {
        match &mut self.renumber {
            Renumber::Vp8(numbers) if !is_first => numbers.switch(),
            Renumber::Vp9(numbers) if !is_first => numbers.switch(),
            Renumber::Nothing | Renumber::Vp8(_) | Renumber::Vp9(_) => {}
        }
        if let Some(layers) = &mut self.layers {
            layers.switch();
        }
        if let Some(described) = &mut self.described {
            described.switch();
        }
        self.border = Border::default();
    }

    /// More is wanted, and comes with a key frame.
    pub(super) fn needs_key_frame(&self) -> bool {
        match (&self.described, &self.layers) {
            (Some(described), _) if described.is_in_use() => described.needs_key_frame(),
            (_, Some(layers)) => layers.needs_key_frame(),
            (Some(_) | None, None) => false,
        }
    }

    /// Whether a packet begins what a decoder can begin with; `None` when it has no dependency descriptor.
    pub(super) fn begins_sequence(&self, packet: &PacketMut<'_>) -> Option<bool> {
        self.described.as_ref()?.begins_sequence(packet)
    }

    /// The dependency descriptor of the last packet that was kept.
    pub(super) fn descriptor(&self) -> Option<&[u8]> {
        self.described.as_ref()?.written()
    }

    /// Whether a packet is one for the subscriber; if so, all that its codec counts is as it has to be. What is known of
    /// packets that are missing in front of it is told to `splice`.
    pub(super) fn keep(&mut self, number: u64, packet: &mut PacketMut<'_>, splice: &mut Splice) -> bool {
        if let Some(described) = &mut self.described {
            described.clear();
        }
        if packet.payload().is_empty() {
            return false;
        }
        let is_described = self.described.as_ref().is_some_and(|it| it.describes(packet));
        let place = match (&mut self.described, &mut self.layers) {
            (Some(described), _) if is_described => described.place(packet),
            (_, Some(layers)) => layers.place(number, packet),
            (Some(_) | None, None) => return true,
        };
        let Some(place) = place else {
            return false;
        };
        self.close(number, packet.sequence_number(), place, splice);
        if !place.is_kept {
            self.renumber.leave_out(packet.payload());
            return false;
        }
        if place.ends_picture {
            packet.set_marker(true);
        }
        let describe = self.described.as_mut().filter(|_| is_described);
        self.renumber.apply(packet) && describe.is_none_or(|described| described.apply(packet))
    }

    /// A packet goes on without payload: nothing describes it.
    pub(super) fn empty(&mut self, packet: &mut PacketMut<'_>) {
        packet.set_marker(false);
        if let Some(described) = &mut self.described {
            described.empty(packet);
        }
    }

    /// Closes the numbers in front of a packet under which nothing is to come.
    fn close(&mut self, number: u64, in_packet: u16, place: Place, splice: &mut Splice) {
        let Missing { head, tail, all } = self.border.pass(number, place);
        let first = in_packet.wrapping_sub(all);
        let numbers = (0..head).chain(all.saturating_sub(tail)..all);
        for index in numbers {
            splice.skip(first.wrapping_add(index));
        }
    }
}

impl Renumber {
    /// The frame of this payload is not forwarded.
    fn leave_out(&mut self, payload: &[u8]) {
        match self {
            Self::Vp8(numbers) => {
                // One that is broken has no picture id either.
                let _ = numbers.leave_out(payload);
            }
            Self::Nothing | Self::Vp9(_) => {}
        }
    }

    /// False when the payload is broken.
    fn apply(&mut self, packet: &mut PacketMut<'_>) -> bool {
        match self {
            Self::Nothing => true,
            Self::Vp8(numbers) => numbers.forward(packet.payload_mut()).is_ok(),
            Self::Vp9(numbers) => numbers.forward(packet.payload_mut()).is_ok(),
        }
    }
}
