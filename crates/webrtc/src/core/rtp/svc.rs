//! Layers within one stream (SVC): which packets of VP9 are left out for a subscriber that gets less. RFC 9628 §4.2 (layers,
//! switching points), RFC 7667 §3.7 (forwarders). The dependency descriptor of AV1 is not looked at.

use rtp::PacketMut;
use rtp::payload::vp9::Descriptor;

/// Packets that may be missing within one frame.
const MAX_MISSING: u64 = 512;

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

/// The layers of one source.
#[derive(Debug, Default)]
pub(super) struct Layers {
    wanted: Limit,
    current: Limit,
    /// The timestamp of the picture under way.
    picture: Option<u32>,
    highest: Option<u64>,
    /// Timestamp and spatial layer of the last packet if that was left out.
    left_out: Option<(u32, u8)>,
}

impl Layers {
    /// What is above is left out as soon as a decoder does without it, and what is not comes as soon as one can begin with it.
    pub(super) fn limit(&mut self, wanted: Limit) {
        self.wanted = wanted;
    }

    /// A key picture is needed to go on with more.
    pub(super) const fn needs_key_frame(&self) -> bool {
        self.wanted.spatial > self.current.spatial
    }

    /// Another source begins, with a key picture.
    pub(super) fn switch(&mut self) {
        self.current = self.wanted;
        self.picture = None;
        self.highest = None;
        self.left_out = None;
    }

    /// Whether a packet is forwarded; or else how many are left out, that one and those that were lost in front of it.
    pub(super) fn admit(&mut self, number: u64, packet: &mut PacketMut<'_>) -> u16 {
        let Ok((descriptor, _)) = Descriptor::decode(packet.payload()) else {
            // Whoever renumbers it says so.
            return 0;
        };
        let is_late = self.highest.is_some_and(|highest| number <= highest);
        if !is_late && self.picture != Some(packet.timestamp()) {
            self.picture = Some(packet.timestamp());
            self.begin(&descriptor);
        }
        let layer = descriptor.layer.unwrap_or_default();
        let is_above = layer.spatial_id > self.current.spatial || layer.temporal_id > self.current.temporal;
        // The marker stands at the end of a picture, which is here for this subscriber.
        if !is_above && descriptor.frame_end && layer.spatial_id == self.current.spatial {
            packet.set_marker(true);
        }
        if is_late {
            return is_above.into();
        }
        let before = self.highest.replace(number);
        let frame = is_above.then_some((packet.timestamp(), layer.spatial_id));
        let last = std::mem::replace(&mut self.left_out, frame);
        match before.map(|before| number - before) {
            // Frames lie in a stream one behind the other: what is missing between two packets of one is of it, too.
            Some(ahead @ 1..MAX_MISSING) if is_above && last == frame => u16::try_from(ahead).unwrap_or(1),
            Some(_) | None => is_above.into(),
        }
    }

    /// A picture begins: the limits may change with it.
    fn begin(&mut self, descriptor: &Descriptor<'_>) {
        let (wanted, current) = (self.wanted, &mut self.current);
        if descriptor.is_key_frame() == Some(true) {
            *current = wanted;
            return;
        }
        current.spatial = current.spatial.min(wanted.spatial);
        // U: what comes above refers to nothing above this picture that was before it.
        let layer = descriptor.layer.unwrap_or_default();
        let can_rise = layer.switching_up && layer.temporal_id <= current.temporal;
        if can_rise || wanted.temporal < current.temporal {
            current.temporal = wanted.temporal;
        }
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

    /// Packets that stay, those that end a picture with a `+`, and how many are left out.
    fn admit(layers: &mut Layers, packets: &[(u64, Vec<u8>)]) -> Vec<String> {
        let admitted = packets.iter().map(|(number, bytes)| {
            let mut bytes = bytes.clone();
            let mut packet = PacketMut::decode(&mut bytes).unwrap();
            match (layers.admit(*number, &mut packet), packet.marker()) {
                (0, true) => format!("{number}+"),
                (0, false) => format!("{number}"),
                (left_out, _) => format!("-{left_out}"),
            }
        });
        admitted.collect()
    }

    /// Two spatial layers of two packets each.
    fn picture(first: u64, time: u8, temporal: u8) -> Vec<(u64, Vec<u8>)> {
        let packet = |index| packet(first + index, time, u8::from(index > 1), temporal);
        (0..4).map(packet).collect()
    }

    fn limited(spatial: u8, temporal: u8) -> Layers {
        let mut layers = Layers::default();
        layers.limit(Limit { spatial, temporal });
        layers.switch();
        layers
    }

    #[test]
    fn what_is_above_goes_and_comes_back_where_it_can_be_decoded() {
        let mut layers = limited(0, 7);
        assert_eq!(admit(&mut layers, &picture(10, 0, 0)), ["10", "11+", "-1", "-1"]);
        assert_eq!(admit(&mut layers, &picture(14, 1, 1)), ["14", "15+", "-1", "-1"]);
        layers.limit(Limit {
            spatial: 1,
            temporal: 0,
        });
        assert!(layers.needs_key_frame());
        let no_key_picture = admit(&mut layers, &picture(18, 2, 0));
        assert_eq!(no_key_picture, ["18", "19+", "-1", "-1"]);
        assert_eq!(admit(&mut layers, &picture(22, 3, 1)), ["-1"; 4], "less at once");
        assert_eq!(admit(&mut layers, &picture(26, 0, 0)), ["26", "27", "28", "29+"]);
        layers.limit(Limit::default());
        assert_eq!(
            admit(&mut layers, &picture(30, 5, 1)),
            ["-1"; 4],
            "nowhere to begin"
        );
        assert_eq!(admit(&mut layers, &picture(34, 6, 0)), ["34", "35", "36", "37+"]);
        assert_eq!(admit(&mut layers, &picture(38, 7, 1)), ["38", "39", "40", "41+"]);
    }

    #[test]
    fn what_is_lost_of_a_frame_that_goes_goes_with_it() {
        let mut layers = limited(0, 7);
        let above: Vec<_> = (20..24).map(|number| packet(number, 0, 1, 0)).collect();
        let base = [packet(18, 0, 0, 0), packet(19, 0, 0, 0)];
        assert_eq!(admit(&mut layers, &base), ["18", "19+"]);
        // 21 and 22 are lost, and come late.
        assert_eq!(
            admit(&mut layers, &[above[0].clone(), above[3].clone()]),
            ["-1", "-3"]
        );
        assert_eq!(admit(&mut layers, &above[1..3]), ["-1", "-1"]);
        assert_eq!(admit(&mut layers, &[packet(24, 1, 0, 0)]), ["24"]);
        // A gap in front of such a frame may be anything, and a jump of numbers is no loss.
        assert_eq!(admit(&mut layers, &[packet(29, 1, 1, 0)]), ["-1"]);
        assert_eq!(admit(&mut layers, &[packet(1 << 40 | 1, 1, 1, 0)]), ["-1"]);
        assert_eq!(
            admit(&mut layers, &[packet(23, 0, 0, 0)]),
            ["23+"],
            "late, but wanted"
        );
    }
}
