//! Layers within one stream (SVC): which packets of VP8 and VP9 are left out for a subscriber that gets less, by the
//! descriptor in front of their payload. RFC 7741 §4.2 (temporal layers, layer sync), RFC 9628 §4.2 (layers, switching
//! points), RFC 7667 §3.7 (forwarders).

use rtp::payload::{PictureId, vp8, vp9};
use rtp::{DecodeError, PacketMut};

use super::border::Place;

/// The highest layers that are forwarded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Limit {
    pub(super) spatial: u8,
    pub(super) temporal: u8,
}

impl Default for Limit {
    /// Everything.
    fn default() -> Self {
        Self {
            spatial: u8::MAX,
            temporal: u8::MAX,
        }
    }
}

/// What tells the layers of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Vp8,
    Vp9,
}

/// What a payload descriptor says.
#[derive(Clone, Copy, Debug)]
struct Seen {
    spatial: u8,
    temporal: u8,
    starts: bool,
    ends: bool,
    is_key: bool,
    picture_id: Option<PictureId>,
    /// Y of VP8, U of VP9: higher temporal layers may begin.
    switches: bool,
}

/// Tells pictures apart.
#[derive(Debug, Default)]
struct Pictures {
    count: u64,
    timestamp: Option<u32>,
    id: Option<PictureId>,
}

/// The layers of one source.
#[derive(Debug)]
pub(super) struct Layers {
    format: Format,
    wanted: Limit,
    current: Limit,
    /// What was the limit before, for packets that come late, and the number with which the present one began.
    before: Limit,
    since: u64,
    pictures: Pictures,
    highest: Option<u64>,
    /// The lowest temporal layer that was left out since the last picture of the lowest one, 0 if that is not known.
    lacking: Option<u8>,
}

impl Layers {
    pub(super) fn new(format: Format) -> Self {
        Self {
            format,
            wanted: Limit::default(),
            current: Limit::default(),
            before: Limit::default(),
            since: 0,
            pictures: Pictures::default(),
            highest: None,
            lacking: None,
        }
    }

    /// What is above is left out as soon as a decoder does without it, and what is not comes as soon as one can begin with it.
    pub(super) fn limit(&mut self, wanted: Limit) {
        self.wanted = wanted;
    }

    /// A key picture is needed to go on with more.
    pub(super) fn needs_key_frame(&self) -> bool {
        self.format == Format::Vp9 && self.wanted.spatial > self.current.spatial
    }

    /// Another source begins, with a key picture.
    pub(super) fn switch(&mut self) {
        *self = Self {
            wanted: self.wanted,
            current: self.wanted,
            before: self.wanted,
            ..Self::new(self.format)
        };
    }

    /// Where a packet belongs, and whether it is forwarded; `None` when its descriptor is broken.
    pub(super) fn place(&mut self, number: u64, packet: &PacketMut<'_>) -> Option<Place> {
        let seen = Seen::of(self.format, packet).ok()?;
        let is_late = self.highest.is_some_and(|highest| number <= highest);
        if !is_late {
            let before = self.highest.replace(number);
            if before.is_some_and(|before| number - before > 1) {
                self.lacking = Some(0);
            }
            if self.pictures.begins(packet.timestamp(), seen.picture_id) {
                self.begin(number, seen);
            }
        }
        let limit = match is_late && number < self.since {
            true => self.before,
            false => self.current,
        };
        let is_kept = seen.spatial <= limit.spatial && seen.temporal <= limit.temporal;
        Some(Place {
            picture: self.pictures.count,
            frame: seen.spatial,
            starts: seen.starts,
            ends: seen.ends,
            is_last: packet.marker(),
            is_kept,
            ends_picture: is_kept && seen.ends && seen.spatial == limit.spatial,
        })
    }

    /// A picture begins: the limits may change with it.
    fn begin(&mut self, number: u64, seen: Seen) {
        let (wanted, mut next) = (self.wanted, self.current);
        if seen.is_key {
            next = wanted;
        } else {
            next.spatial = next.spatial.min(wanted.spatial);
            next.temporal = next.temporal.min(wanted.temporal);
            if let Some(opened) = self.opened(seen) {
                next.temporal = next.temporal.max(opened.min(wanted.temporal));
            }
        }
        if seen.temporal == 0 {
            self.lacking = None;
        } else if seen.temporal > next.temporal {
            let lacking = self.lacking.unwrap_or(seen.temporal);
            self.lacking = Some(lacking.min(seen.temporal));
        }
        if next != self.current {
            self.before = std::mem::replace(&mut self.current, next);
            self.since = number;
        }
    }

    /// The highest temporal layer that can be decoded from a picture on.
    fn opened(&self, seen: Seen) -> Option<u8> {
        if !seen.switches {
            return None;
        }
        match self.format {
            // What follows needs of other layers than the lowest only pictures that came behind that.
            Format::Vp8 if seen.temporal == 0 => Some(u8::MAX),
            Format::Vp8 => self
                .lacking
                .map_or(Some(u8::MAX), |lacking| lacking.checked_sub(1)),
            // What comes above refers to nothing above this picture that was before it.
            Format::Vp9 => (seen.temporal <= self.current.temporal).then_some(u8::MAX),
        }
    }
}

impl Pictures {
    /// Whether a packet, newer than all before it, begins another picture.
    fn begins(&mut self, timestamp: u32, id: Option<PictureId>) -> bool {
        let before = self.timestamp.replace(timestamp);
        if before == Some(timestamp) {
            return false;
        }
        let follows = match (self.id, id) {
            (Some(last), Some(id)) => id.distance_from(last) == 1,
            (Some(_) | None, None) | (None, Some(_)) => false,
        };
        self.id = id;
        self.count += if follows { 1 } else { 2 };
        true
    }
}

impl Seen {
    fn of(format: Format, packet: &PacketMut<'_>) -> Result<Self, DecodeError> {
        match format {
            Format::Vp8 => Self::of_vp8(packet),
            Format::Vp9 => Self::of_vp9(packet.payload()),
        }
    }

    fn of_vp8(packet: &PacketMut<'_>) -> Result<Self, DecodeError> {
        let (descriptor, data) = vp8::Descriptor::decode(packet.payload())?;
        let layer = descriptor.temporal_layer.unwrap_or_default();
        Ok(Self {
            spatial: 0,
            temporal: layer.id,
            starts: descriptor.is_frame_start(),
            ends: packet.marker(),
            is_key: descriptor.is_key_frame(data) == Some(true),
            picture_id: descriptor.picture_id,
            switches: layer.sync,
        })
    }

    fn of_vp9(payload: &[u8]) -> Result<Self, DecodeError> {
        let (descriptor, _) = vp9::Descriptor::decode(payload)?;
        let layer = descriptor.layer.unwrap_or_default();
        Ok(Self {
            spatial: layer.spatial_id,
            temporal: layer.temporal_id,
            starts: descriptor.frame_start,
            ends: descriptor.frame_end,
            is_key: descriptor.is_key_frame() == Some(true),
            picture_id: descriptor.picture_id,
            switches: layer.switching_up,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A packet of a frame of two: number, timestamp, spatial and temporal layer.
    fn packet(number: u64, time: u8, spatial: u8, temporal: u8) -> (u64, Vec<u8>) {
        let is_start = number.is_multiple_of(2);
        let is_key = time == 0;
        // I, P, L, F, B, E, V, Z (RFC 9628 §4.2); the lowest temporal layer is where more may begin.
        let first = 0x20 | u8::from(!is_key) << 6 | if is_start { 8 } else { 4 };
        let layer = temporal << 5 | u8::from(temporal == 0) << 4 | spatial << 1 | u8::from(spatial > 0);
        let bytes = [0x80, 96, 0, 0, 0, 0, 0, time, 0, 0, 0, 5, first, layer, 0, 7];
        (number, bytes.to_vec())
    }

    /// Packets that stay, those that end a picture with a `+`, and a `-` for what is left out.
    fn admit(layers: &mut Layers, packets: &[(u64, Vec<u8>)]) -> Vec<String> {
        let admitted = packets.iter().map(|(number, bytes)| {
            let mut bytes = bytes.clone();
            let packet = PacketMut::decode(&mut bytes).unwrap();
            let place = layers.place(*number, &packet).unwrap();
            match (place.is_kept, place.ends_picture) {
                (true, true) => format!("{number}+"),
                (true, false) => format!("{number}"),
                (false, _) => "-".to_owned(),
            }
        });
        admitted.collect()
    }

    /// Two spatial layers of two packets each.
    fn picture(first: u64, time: u8, temporal: u8) -> Vec<(u64, Vec<u8>)> {
        let packet = |index| packet(first + index, time, u8::from(index > 1), temporal);
        (0..4).map(packet).collect()
    }

    fn limited(format: Format, spatial: u8, temporal: u8) -> Layers {
        let mut layers = Layers::new(format);
        layers.limit(Limit { spatial, temporal });
        layers.switch();
        layers
    }

    #[test]
    fn what_is_above_goes_and_comes_back_where_it_can_be_decoded() {
        let mut layers = limited(Format::Vp9, 0, 7);
        assert_eq!(admit(&mut layers, &picture(10, 0, 0)), ["10", "11+", "-", "-"]);
        assert_eq!(admit(&mut layers, &picture(14, 1, 1)), ["14", "15+", "-", "-"]);
        layers.limit(Limit {
            spatial: 1,
            temporal: 0,
        });
        assert!(layers.needs_key_frame());
        let no_key_picture = admit(&mut layers, &picture(18, 2, 0));
        assert_eq!(no_key_picture, ["18", "19+", "-", "-"]);
        assert_eq!(admit(&mut layers, &picture(22, 3, 1)), ["-"; 4], "less at once");
        assert_eq!(admit(&mut layers, &picture(26, 0, 0)), ["26", "27", "28", "29+"]);
        layers.limit(Limit::default());
        assert_eq!(
            admit(&mut layers, &picture(30, 5, 1)),
            ["-"; 4],
            "nowhere to begin"
        );
        assert_eq!(admit(&mut layers, &picture(34, 6, 0)), ["34", "35", "36", "37+"]);
        assert_eq!(admit(&mut layers, &picture(38, 7, 1)), ["38", "39", "40", "41+"]);
        let late = admit(&mut layers, &[packet(31, 5, 0, 1), packet(35, 6, 0, 0)]);
        assert_eq!(late, ["-", "35"], "as when it was sent");
    }

    #[test]
    fn pictures_that_follow_each_other_are_known_by_their_ids() {
        let mut pictures = Pictures::default();
        let begun = [
            (0, Some(PictureId::long(0x7fff))),
            (0, Some(PictureId::long(0x7fff))),
            (3000, Some(PictureId::long(0))),
            (6000, Some(PictureId::long(2))),
            (9000, None),
            (12_000, Some(PictureId::long(4))),
        ];
        let counted = begun.map(|(timestamp, id)| (pictures.begins(timestamp, id), pictures.count));
        let expected = [(true, 2), (false, 2), (true, 3), (true, 5), (true, 7), (true, 9)];
        assert_eq!(counted, expected);
    }

    /// Frames of VP8 that stay, of one packet each: temporal layer, and Y.
    fn kept(layers: &mut Layers, first: u64, frames: &[(u8, bool)]) -> Vec<bool> {
        let numbers = (first..).zip(frames);
        let kept = numbers.map(|(number, (temporal, sync))| {
            let time = u8::try_from(number).unwrap();
            // X, S; T; TID, Y; no key frame.
            let layer = temporal << 6 | u8::from(*sync) << 5;
            let mut bytes = [0x80, 0xe0, 0, 0, 0, 0, 0, time, 0, 0, 0, 5, 0x90, 0x20, layer, 1];
            let packet = PacketMut::decode(&mut bytes).unwrap();
            layers.place(number, &packet).unwrap().is_kept
        });
        kept.collect()
    }

    #[test]
    fn temporal_layers_of_vp8_come_where_what_follows_needs_nothing_that_was_left_out() {
        let (yes, no) = (true, false);
        let cycle = [(0, no), (2, no), (1, no), (2, no)];
        let mut layers = limited(Format::Vp8, 0, 1);
        assert_eq!(kept(&mut layers, 0, &cycle), [yes, no, yes, no]);
        layers.limit(Limit {
            spatial: 0,
            temporal: 0,
        });
        assert_eq!(kept(&mut layers, 4, &cycle), [yes, no, no, no]);
        layers.limit(Limit::default());
        assert_eq!(
            kept(&mut layers, 8, &cycle),
            [yes, no, no, no],
            "nowhere to begin"
        );
        // The second frame may be needed by the last one.
        let second = [(0, no), (2, no), (1, yes), (2, no), (0, no), (2, no), (1, no)];
        let expected = [yes, no, yes, no, yes, no, yes];
        assert_eq!(kept(&mut layers, 12, &second), expected);
        let all = [(0, no), (2, yes), (1, yes), (2, no)];
        assert_eq!(kept(&mut layers, 19, &all), [yes; 4]);
        // What was lost may have been such a frame.
        layers.limit(Limit {
            spatial: 0,
            temporal: 0,
        });
        assert_eq!(kept(&mut layers, 30, &[(0, no)]), [yes]);
        layers.limit(Limit::default());
        assert_eq!(kept(&mut layers, 32, &[(1, yes)]), [no]);
        assert_eq!(kept(&mut layers, 33, &[(0, no), (1, yes)]), [yes, yes]);
        assert!(!layers.needs_key_frame());
    }
}
