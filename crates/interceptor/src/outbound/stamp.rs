//! Headers of packets that are sent: the stream's own fields, the caller's extensions and the chain's. MID and RID go along until
//! the peer's reports show that it knows the SSRC (RFC 9143 §9.2, RFC 8852 §3).

use super::stencil::Stencil;
use crate::clock::Time;
use crate::stream::{ExtensionIds, Outbound};
use rtp::{Form, FormRule, Header, HeaderRef, HeaderWriter};

/// What is stamped on the packets of a stream.
#[derive(Debug, Default)]
pub(crate) struct Stamps {
    ids: ExtensionIds,
    mid: Option<Box<str>>,
    rid: Option<Box<str>>,
    /// The transport-wide number is wanted.
    counts: bool,
    stencil: Option<Stencil>,
}

/// What is stamped on one packet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stamp {
    /// The SSRC it goes under.
    pub(crate) ssrc: u32,
    pub(crate) now: Time,
    /// The transport-wide sequence number.
    pub(crate) transport_sequence_number: u16,
    /// The peer knows the SSRC.
    pub(crate) acknowledged: bool,
}

/// The header of a retransmission under an SSRC of its own.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Again {
    pub(crate) payload_type: u8,
    pub(crate) sequence_number: u16,
}

impl Stamps {
    pub(crate) fn new(stream: &Outbound) -> Self {
        let ids = stream.extensions;
        let counts = stream.feedback.transport_cc && ids.transport_cc.is_some();
        let texts = [(ids.mid, &stream.mid), (ids.rid, &stream.rid)];
        let texts: Vec<_> = texts
            .into_iter()
            .filter_map(|(id, text)| Some((id?, text.as_deref()?)))
            .collect();
        Self {
            ids,
            mid: stream.mid.as_deref().map(Box::from),
            rid: stream.rid.as_deref().map(Box::from),
            counts,
            stencil: Stencil::new(ids.transport_cc.filter(|_| counts), ids.abs_send_time, &texts),
        }
    }

    /// Whether packets carry a transport-wide number.
    pub(crate) const fn counts(&self) -> bool {
        self.counts
    }

    pub(crate) fn mid(&self) -> Option<&str> {
        self.mid.as_deref()
    }

    pub(crate) fn rid(&self) -> Option<&str> {
        self.rid.as_deref()
    }

    /// Appends the header of a packet under this SSRC. Gives how many extensions it has no room for.
    #[inline]
    pub(crate) fn write(&self, header: &Header, stamp: Stamp, out: &mut Vec<u8>) -> u64 {
        let is_written = self
            .stencil
            .is_some_and(|stencil| stencil.write(header, stamp, |id| self.is_own(id), out));
        if is_written {
            return 0;
        }
        self.write_any(header, stamp, out)
    }

    /// The same for any header.
    fn write_any(&self, header: &Header, stamp: Stamp, out: &mut Vec<u8>) -> u64 {
        let mut writer = HeaderWriter::new(out, header.extensions.rule());
        writer
            .marker(header.marker)
            .payload_type(header.payload_type)
            .sequence_number(header.sequence_number)
            .timestamp(header.timestamp)
            .ssrc(stamp.ssrc);
        for csrc in header.csrcs.iter() {
            writer.csrc(*csrc);
        }
        let dropped = self.extend(&mut writer, header.extensions.iter(), stamp, self.ids.rid);
        writer.finish();
        dropped
    }

    /// Appends the header of a packet that goes again as RTX. Gives how many extensions it has no room for.
    pub(crate) fn write_again(
        &self,
        sent: &HeaderRef<'_>,
        again: Again,
        stamp: Stamp,
        out: &mut Vec<u8>,
    ) -> u64 {
        // Both forms mix only where the first packet already needed the second, or an id asks for it that was agreed upon.
        let rule = match sent.form() {
            Some(Form::TwoByte) => FormRule::Mixed,
            Some(Form::OneByte) | None if self.has_long_id() => FormRule::Mixed,
            Some(Form::OneByte) | None => FormRule::OneByte,
        };
        let mut writer = HeaderWriter::copy(out, sent, rule);
        writer
            .payload_type(again.payload_type)
            .sequence_number(again.sequence_number)
            .ssrc(stamp.ssrc);
        // RFC 8852 §3.1: an RTX stream names the stream that it repairs.
        let dropped = self.extend(&mut writer, sent.extensions(), stamp, self.ids.repaired_rid);
        writer.finish();
        dropped
    }

    /// Writes the caller's extensions, then those of the chain. What cannot be written under the header's rule is left out, and
    /// its number is given.
    #[inline]
    fn extend<'e>(
        &self,
        writer: &mut HeaderWriter<'_>,
        extensions: impl Iterator<Item = (u8, &'e [u8])>,
        stamp: Stamp,
        rid: Option<u8>,
    ) -> u64 {
        let mut dropped = 0;
        let mut write = |id, data: &[u8]| dropped += u64::from(writer.extension(id, data).is_err());
        for (id, data) in extensions {
            if !self.is_own(id) {
                write(id, data);
            }
        }
        if self.counts
            && let Some(id) = self.ids.transport_cc
        {
            write(id, &stamp.transport_sequence_number.to_be_bytes());
        }
        if let Some(id) = self.ids.abs_send_time {
            let [.., a, b, c] = send_time(stamp.now).to_be_bytes();
            write(id, &[a, b, c]);
        }
        if stamp.acknowledged {
            return dropped;
        }
        for (id, text) in [(self.ids.mid, &self.mid), (rid, &self.rid)] {
            if let (Some(id), Some(text)) = (id, text) {
                write(id, text.as_bytes());
            }
        }
        dropped
    }

    /// Whether the chain alone writes this extension.
    #[inline]
    fn is_own(&self, id: u8) -> bool {
        self.own_ids().contains(&Some(id))
    }

    /// Whether the chain writes an extension that has no one-byte form.
    fn has_long_id(&self) -> bool {
        self.own_ids().iter().flatten().any(|id| *id > 14)
    }

    #[inline]
    const fn own_ids(&self) -> [Option<u8>; 5] {
        let ids = &self.ids;
        [
            ids.mid,
            ids.rid,
            ids.repaired_rid,
            ids.transport_cc,
            ids.abs_send_time,
        ]
    }
}

/// Absolute send time: 6 bits of seconds and 18 bits of fraction.
#[expect(clippy::cast_possible_truncation, reason = "24 bits are left")]
pub(super) const fn send_time(now: Time) -> u32 {
    let seconds = now.0 / 1_000_000 % 64;
    let fraction = ((now.0 % 1_000_000) << 18) / 1_000_000;
    ((seconds << 18) | fraction) as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream::Feedback;
    use proptest::prelude::*;
    use rtp::PacketRef;

    fn stamps() -> Stamps {
        Stamps::new(&stream())
    }

    fn stream() -> Outbound {
        Outbound {
            mid: Some("0".into()),
            rid: Some("hi".into()),
            extensions: ExtensionIds {
                mid: Some(4),
                rid: Some(10),
                repaired_rid: Some(11),
                transport_cc: Some(3),
                abs_send_time: Some(2),
            },
            feedback: Feedback {
                transport_cc: true,
                ..Feedback::default()
            },
            ..Outbound::default()
        }
    }

    const STAMP: Stamp = Stamp {
        ssrc: 5,
        now: Time(65_500_000),
        transport_sequence_number: 0x0102,
        acknowledged: false,
    };

    fn extensions(packet: &[u8]) -> Vec<(u8, Vec<u8>)> {
        let packet = PacketRef::decode(packet).unwrap();
        packet
            .extensions()
            .map(|(id, data)| (id, data.to_vec()))
            .collect()
    }

    fn header() -> Header {
        let mut header = Header {
            marker: true,
            payload_type: 96,
            sequence_number: 7,
            timestamp: 90,
            ssrc: 1,
            ..Header::default()
        };
        header.csrcs.push(9);
        header.extensions.set(1, b"level").unwrap();
        header.extensions.set(4, b"another's mid").unwrap();
        header
    }

    /// 65.5 s modulo 64, in 6.18.
    const SEND_TIME: [u8; 3] = [0x06, 0, 0];

    #[test]
    fn stamps_until_acknowledged_and_keeps_the_callers_extensions() {
        let mut out = Vec::new();
        stamps().write(&header(), STAMP, &mut out);
        let packet = PacketRef::decode(&out).unwrap();
        assert_eq!(
            (packet.ssrc(), packet.sequence_number(), packet.timestamp()),
            (5, 7, 90)
        );
        assert!(packet.marker() && packet.csrcs().eq([9]));
        let expected = [
            (1, b"level".to_vec()),
            (3, vec![1, 2]),
            (2, SEND_TIME.to_vec()),
            (4, b"0".to_vec()),
            (10, b"hi".to_vec()),
        ];
        assert_eq!(extensions(&out), expected);

        let mut known = Vec::new();
        let stamp = Stamp {
            acknowledged: true,
            ..STAMP
        };
        stamps().write(&header(), stamp, &mut known);
        assert_eq!(extensions(&known), expected[..3]);
    }

    #[test]
    fn a_retransmission_names_the_stream_it_repairs() {
        let (mut out, mut again) = (Vec::new(), Vec::new());
        stamps().write(&header(), STAMP, &mut out);
        let sent = HeaderRef::decode(&out).unwrap();
        let rtx = Again {
            payload_type: 97,
            sequence_number: 1,
        };
        let later = Stamp {
            ssrc: 6,
            transport_sequence_number: 0x0103,
            ..STAMP
        };
        stamps().write_again(&sent, rtx, later, &mut again);
        let packet = PacketRef::decode(&again).unwrap();
        assert_eq!(
            (packet.ssrc(), packet.payload_type(), packet.sequence_number()),
            (6, 97, 1)
        );
        assert!(packet.marker() && packet.csrcs().eq([9]) && packet.timestamp() == 90);
        let expected = [
            (1, b"level".to_vec()),
            (3, vec![1, 3]),
            (2, SEND_TIME.to_vec()),
            (4, b"0".to_vec()),
            (11, b"hi".to_vec()),
        ];
        assert_eq!(extensions(&again), expected);
    }

    #[test]
    fn a_retransmission_has_the_form_that_its_ids_need() {
        let (mut out, mut again) = (Vec::new(), Vec::new());
        Stamps::new(&Outbound::default()).write(&Header::default(), STAMP, &mut out);
        let sent = HeaderRef::decode(&out).unwrap();
        assert_eq!(sent.form(), None);
        let mut stream = stream();
        stream.extensions.repaired_rid = Some(20);
        let rtx = Again {
            payload_type: 97,
            sequence_number: 1,
        };
        assert_eq!(Stamps::new(&stream).write_again(&sent, rtx, STAMP, &mut again), 0);
        assert_eq!(extensions(&again).last(), Some(&(20, b"hi".to_vec())));
    }

    proptest! {
        #[test]
        fn the_stencil_writes_what_the_writer_writes(
            elements in prop::collection::vec((1u8..20, prop::collection::vec(any::<u8>(), 0..20)), 0..5),
            mid in "[a-z]{0,20}",
            acknowledged: bool,
            fields: (bool, u8, u16, u32),
            csrc: Option<u32>,
        ) {
            let mut stream = Outbound { mid: Some(mid), ..stream() };
            stream.extensions.rid = None;
            let stamps = Stamps::new(&stream);
            let mut header = Header {
                marker: fields.0,
                payload_type: fields.1,
                sequence_number: fields.2,
                timestamp: fields.3,
                ..Header::default()
            };
            header.csrcs = csrc.into_iter().collect();
            for (id, data) in &elements {
                let _ = header.extensions.set(*id, data);
            }
            let (mut out, mut expected) = (vec![1], vec![1]);
            let stamp = Stamp { acknowledged, ..STAMP };
            stamps.write(&header, stamp, &mut out);
            stamps.write_any(&header, stamp, &mut expected);
            prop_assert_eq!(out, expected);
        }
    }
}
