use std::collections::VecDeque;

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::ExtensionError;
use crate::extension::{AbsoluteSendTime, AudioLevel, Extension, Mid};

/// V=2, P, X, two CSRCs, M, PT 96, one-byte elements, five bytes of payload, three of padding.
const FULL: [u8; 44] = [
    0xb2, 0xe0, 0x12, 0x34, 0x01, 0x02, 0x03, 0x04, 0xde, 0xad, 0xbe, 0xef, // fixed
    0x00, 0x00, 0x00, 0x07, 0xff, 0xff, 0xff, 0xff, // CSRCs
    0xbe, 0xde, 0x00, 0x03, // one-byte form, three words
    0x10, 0x85, 0x32, 0xaa, 0xbb, 0xcc, 0x00, 0x41, 0x76, 0x31, 0x00, 0x00, // 1, 3, padding, 4, padding
    b'm', b'e', b'd', b'i', b'a', 0x00, 0x00, 0x03,
];

#[test]
fn reads_every_field() {
    let packet = PacketRef::decode(&FULL).unwrap();
    assert!(packet.marker());
    assert_eq!(packet.payload_type(), 96);
    assert_eq!(packet.sequence_number(), 0x1234);
    assert_eq!(packet.timestamp(), 0x0102_0304);
    assert_eq!(packet.ssrc(), 0xdead_beef);
    assert_eq!(packet.csrcs().collect::<Vec<_>>(), [7, u32::MAX]);
    assert_eq!(packet.header_len(), 36);
    assert_eq!(packet.payload(), b"media");
    assert_eq!(packet.padding_len(), 3);
    assert_eq!(packet.header().form(), Some(Form::OneByte));
    assert_eq!(packet.extension(3), Some(&[0xaa, 0xbb, 0xcc][..]));
    assert_eq!(packet.extension(2), None);
    assert_eq!(
        packet.extension_as(1),
        Some(Ok(AudioLevel {
            voice: true,
            level: 5
        }))
    );
    assert_eq!(packet.extension_as(4), Some(Ok(Mid("v1"))));
    assert_eq!(packet.extension_as::<Mid<'_>>(2), None);
    assert!(packet.extension_as::<AbsoluteSendTime>(1).unwrap().is_err());
}

#[test]
fn is_cut_off_at_every_length() {
    for len in 0..36 {
        let error = PacketRef::decode(&FULL[..len]).unwrap_err();
        assert!(error.reason().contains("cut off"), "{len}: {error}");
        assert_eq!(error.offset(), len);
        assert_eq!(HeaderRef::decode(&FULL[..len]).unwrap_err(), error);
    }
    // What stands at the end is now taken for the count of padding.
    for len in 36..FULL.len() {
        assert!(HeaderRef::decode(&FULL[..len]).is_ok());
        let count = usize::from(FULL[len - 1]);
        assert_eq!(
            PacketRef::decode(&FULL[..len]).is_ok(),
            len > 36 && count <= len - 36,
            "{len}"
        );
    }
}

#[test]
fn refuses_what_is_not_rtp_and_tolerates_what_is_odd() {
    let with = |index: usize, byte: u8| {
        let mut packet = FULL;
        packet[index] = byte;
        packet
    };
    let reason = |bytes: &[u8]| {
        PacketRef::decode(bytes)
            .map(|_| ())
            .map_err(|error| error.reason())
    };
    assert_eq!(reason(&with(0, 0x72)), Err("version is not 2"));
    assert_eq!(
        reason(&with(43, 9)),
        Err("padding is longer than what follows the header")
    );
    assert_eq!(reason(&with(43, 8)), Ok(()));
    let packet = with(43, 0);
    assert_eq!(
        PacketRef::decode(&packet).unwrap().payload().len(),
        8,
        "padding of 0 bytes"
    );
    let packet = with(20, 0xbf);
    let foreign = PacketRef::decode(&packet).unwrap();
    assert_eq!((foreign.header().form(), foreign.extensions().count()), (None, 0));
    assert_eq!(foreign.header().raw_extension().unwrap().0, 0xbfde);
    assert_eq!(foreign.payload(), b"media");
    let empty = [0x80; 12];
    assert!(PacketRef::decode(&empty).unwrap().payload().is_empty());
}

#[test]
fn tells_rtcp_from_rtp() {
    assert!(is_rtcp(&[0x80, 200]) && is_rtcp(&[0x80, 192]) && is_rtcp(&[0x80, 223]));
    assert!(!is_rtcp(&[0x80, 191]) && !is_rtcp(&[0x80, 224]) && !is_rtcp(&[0x80, 96]) && !is_rtcp(&[0x80]));
}

#[test]
fn is_rewritten_in_place() {
    let mut bytes = FULL;
    let mut packet = PacketMut::decode(&mut bytes).unwrap();
    packet.set_marker(false);
    packet.set_payload_type(0xff);
    packet.set_sequence_number(0xabcd);
    packet.set_timestamp(0x5566_7788);
    packet.set_ssrc(0x99aa_bbcc);
    assert!(packet.set_csrc(1, 8));
    assert!(!packet.set_csrc(2, 8));
    assert!(packet.set_extension(4, b"a0"));
    assert!(!packet.set_extension(4, b"abc"));
    assert!(!packet.set_extension(9, b"a"));
    packet.payload_mut()[0] = b'M';
    assert_eq!(
        (packet.payload_type(), packet.marker(), packet.padding_len()),
        (127, false, 3)
    );
    assert_eq!(packet.csrcs().collect::<Vec<_>>(), [7, 8]);
    let mut expected = FULL;
    expected[1] = 0x7f;
    expected[2..12].copy_from_slice(&[0xab, 0xcd, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc]);
    expected[16..20].copy_from_slice(&[0, 0, 0, 8]);
    expected[32..34].copy_from_slice(b"a0");
    expected[36] = b'M';
    assert_eq!(bytes, expected);
}

#[test]
fn finds_extensions_to_change_in_both_forms() {
    for rule in [FormRule::OneByte, FormRule::TwoByte] {
        let mut bytes = Vec::new();
        let mut writer = HeaderWriter::new(&mut bytes, rule);
        writer
            .extension(1, b"a")
            .unwrap()
            .extension(2, b"bcd")
            .unwrap()
            .extension(5, b"ef")
            .unwrap();
        writer.finish();
        for (id, data) in [(1, &b"A"[..]), (5, b"EF"), (2, b"BCD")] {
            let mut packet = PacketMut::decode(&mut bytes).unwrap();
            packet.extension_mut(id).unwrap().copy_from_slice(data);
        }
        let packet = PacketRef::decode(&bytes).unwrap();
        let elements: Vec<_> = packet.extensions().collect();
        assert_eq!(elements, [(1, &b"A"[..]), (2, b"BCD"), (5, b"EF")], "{rule:?}");
    }
}

#[test]
fn renames_and_removes_elements_in_place() {
    for (rule, largest) in [(FormRule::OneByte, 14), (FormRule::TwoByte, 255)] {
        let mut bytes = Vec::new();
        let mut writer = HeaderWriter::new(&mut bytes, rule);
        writer
            .extension(1, b"a")
            .unwrap()
            .extension(2, b"bcd")
            .unwrap()
            .extension(5, b"ef")
            .unwrap();
        let len = writer.finish();
        let mut packet = PacketMut::decode(&mut bytes).unwrap();
        assert!(packet.rename_extension(5, largest));
        assert!(!packet.rename_extension(1, 0), "padding");
        assert_eq!(packet.rename_extension(1, 15), rule == FormRule::TwoByte);
        assert!(!packet.rename_extension(5, 6), "gone");
        assert!(packet.remove_extension(2));
        assert!(!packet.remove_extension(2));
        let first = if rule == FormRule::TwoByte { 15 } else { 1 };
        let expected = [(first, &b"a"[..]), (largest, b"ef")];
        assert_eq!(packet.extensions().collect::<Vec<_>>(), expected, "{rule:?}");
        assert_eq!(packet.header_len(), len);
    }
}

#[test]
fn shows_fields_and_no_payload() {
    let shown = format!("{:?}", PacketRef::decode(&FULL).unwrap());
    assert!(
        shown.contains("payload_type: 96, sequence_number: 4660"),
        "{shown}"
    );
    assert!(
        shown.contains("csrcs: [7, 4294967295]") && shown.ends_with("payload_len: 5, padding_len: 3 }"),
        "{shown}"
    );
    let mut bytes = FULL;
    assert_eq!(format!("{:?}", PacketMut::decode(&mut bytes).unwrap()), shown);
}

#[test]
fn widens_a_block_when_an_element_needs_it() {
    let mut bytes = b"before".to_vec();
    let mut writer = HeaderWriter::new(&mut bytes, FormRule::Mixed);
    writer
        .extension(1, b"a")
        .unwrap()
        .extension(14, &[7; 16])
        .unwrap();
    writer.extension(15, b"two").unwrap().extension(2, b"").unwrap();
    assert_eq!(writer.extension(0, b"x").unwrap_err(), ExtensionError::ReservedId);
    assert_eq!(
        writer.extension(3, &[0; 256]).unwrap_err(),
        ExtensionError::TooLong
    );
    let len = writer.finish();
    assert_eq!(len, bytes.len() - 6);
    let header = HeaderRef::decode(&bytes[6..]).unwrap();
    assert_eq!(header.form(), Some(Form::TwoByte));
    assert_eq!(header.encoded_len(), len);
    let expected = [(1, &b"a"[..]), (14, &[7; 16]), (15, b"two"), (2, b"")];
    assert_eq!(header.extensions().collect::<Vec<_>>(), expected);
}

#[test]
fn keeps_to_the_one_byte_form_when_told() {
    let mut bytes = Vec::new();
    let mut writer = HeaderWriter::new(&mut bytes, FormRule::OneByte);
    writer.extension(1, b"a").unwrap();
    assert_eq!(
        writer.extension(15, b"b").unwrap_err(),
        ExtensionError::NeedsTwoByteForm
    );
    assert_eq!(
        writer.extension_as(2, &Mid("seventeen letters")).unwrap_err(),
        ExtensionError::NeedsTwoByteForm
    );
    drop(writer);
    let header = HeaderRef::decode(&bytes).unwrap();
    assert_eq!(header.extensions().collect::<Vec<_>>(), [(1, &b"a"[..])]);
}

#[test]
fn copies_a_header_without_its_extension_and_padding() {
    let packet = PacketRef::decode(&FULL).unwrap();
    let mut copy = Vec::new();
    assert_eq!(
        HeaderWriter::copy(&mut copy, &packet.header(), FormRule::Mixed).finish(),
        20
    );
    assert_eq!(copy[0], 0x82);
    assert_eq!(copy[1..], FULL[1..20]);
    let mut writer = HeaderWriter::copy(&mut copy, &packet.header(), FormRule::Mixed);
    assert!((2..15).all(|csrc| writer.csrc(csrc)));
    assert!(!writer.csrc(15), "fifteen are all");
    writer.marker(false).padding(true);
    assert_eq!(writer.finish(), 12 + 60);
    assert_eq!(copy[20..22], [0xaf, 0x60]);
    let mut writer = HeaderWriter::new(&mut copy, FormRule::Mixed);
    writer.extension(1, b"a").unwrap();
    assert!(!writer.csrc(1), "the list is over");
}

#[test]
fn owned_packets_hold_what_was_read() {
    let packet = Packet::decode(FULL.to_vec().into()).unwrap();
    assert_eq!(*packet.header.csrcs, [7, u32::MAX]);
    assert_eq!(packet.header.extensions.len(), 3);
    let mut bytes = Vec::new();
    packet.encode(&mut bytes);
    assert_eq!(bytes.len(), packet.encoded_len());
    assert_eq!(Packet::decode(bytes.into()).unwrap(), packet);
}

fn elements() -> impl Strategy<Value = Vec<(u8, Vec<u8>)>> {
    let small = (1_u8..15, vec(any::<u8>(), 1..17));
    let any_element = (1_u8.., vec(any::<u8>(), 0..256));
    prop_oneof![vec(small, 0..15), vec(any_element, 0..20)]
}

prop_compose! {
    fn headers()(
        (marker, payload_type, sequence_number) in (any::<bool>(), 0_u8..128, any::<u16>()),
        (timestamp, ssrc) in any::<(u32, u32)>(),
        csrcs in vec(any::<u32>(), 0..16),
        elements in elements(),
        rule in prop_oneof![Just(FormRule::Mixed), Just(FormRule::TwoByte)],
    ) -> Header {
        let mut extensions = ExtensionSet::with_rule(rule);
        for (id, data) in elements {
            extensions.set(id, &data).unwrap();
        }
        Header { marker, payload_type, sequence_number, timestamp, ssrc, csrcs: csrcs.into_iter().collect(), extensions }
    }
}

/// What a set of extensions is to hold: a list without duplicates, in the order in which lengths were first set.
fn model(list: &mut VecDeque<(u8, Vec<u8>)>, id: u8, data: &[u8]) {
    match list
        .iter_mut()
        .find(|(it, old)| *it == id && old.len() == data.len())
    {
        Some((_, old)) => *old = data.to_vec(),
        None => {
            list.retain(|(it, _)| *it != id);
            list.push_back((id, data.to_vec()));
        }
    }
}

proptest! {
    #[test]
    fn headers_come_back(header in headers(), payload in vec(any::<u8>(), 0..50), padding_len in any::<u8>()) {
        let packet = Packet { header, payload: payload.into(), padding_len };
        let mut bytes = b"in front".to_vec();
        packet.encode(&mut bytes);
        let bytes = &mut bytes[8..];
        prop_assert_eq!(bytes.len(), packet.encoded_len());
        let view = PacketRef::decode(bytes).unwrap();
        prop_assert_eq!(view.header_len(), packet.header.encoded_len());
        prop_assert_eq!(view.header().form(), packet.header.extensions.form());
        prop_assert_eq!(view.payload(), &packet.payload[..]);
        prop_assert_eq!(view.padding_len(), packet.padding_len);
        let mut read = Header::from(&view);
        // The rule is what the sender negotiated, and not in the packet.
        let mut extensions = ExtensionSet::with_rule(packet.header.extensions.rule());
        for (id, data) in &read.extensions {
            extensions.set(id, data).unwrap();
        }
        read.extensions = extensions;
        prop_assert_eq!(&read, &packet.header);
        let in_place = PacketMut::decode(bytes).unwrap();
        prop_assert_eq!(Header::from(&in_place.as_ref()).ssrc, packet.header.ssrc);
    }

    #[test]
    fn both_views_read_the_same_of_anything(mut bytes in vec(any::<u8>(), 0..120), first in 0x80_u8..0xc0, form in 0..4) {
        if let Some(byte) = bytes.first_mut() {
            *byte = first;
        }
        let profile = 12 + 4 * usize::from(first & 0xf);
        if form < 2 && bytes.len() > profile + 4 {
            let head = if form == 0 { [0xbe, 0xde, 0, 3] } else { [0x10, 0, 0, 3] };
            bytes[profile..profile + 4].copy_from_slice(&head);
        }
        let mut copy = bytes.clone();
        let (view, changed) = (PacketRef::decode(&bytes), PacketMut::decode(&mut copy));
        match (view, changed) {
            (Ok(view), Ok(mut changed)) => {
                prop_assert_eq!(view.payload(), changed.payload());
                prop_assert_eq!(view.header_len(), changed.header_len());
                prop_assert_eq!(view.header_len() + view.payload().len() + usize::from(view.padding_len()), bytes.len());
                for (id, _) in view.extensions() {
                    prop_assert_eq!(changed.extension_mut(id).map(|data| &*data), view.extension(id));
                }
                let packet = Packet::decode(bytes.clone().into()).unwrap();
                prop_assert_eq!(packet.header.extensions.is_empty(), view.extensions().next().is_none());
            }
            (view, changed) => prop_assert_eq!(view.map(|_| ()), changed.map(|_| ())),
        }
    }

    #[test]
    fn written_one_by_one_or_at_once_is_the_same(header in headers()) {
        let mut at_once = Vec::new();
        header.encode(&mut at_once);
        let mut one_by_one = Vec::new();
        let mut writer = HeaderWriter::new(&mut one_by_one, header.extensions.rule());
        writer.marker(header.marker).payload_type(header.payload_type).sequence_number(header.sequence_number);
        writer.timestamp(header.timestamp).ssrc(header.ssrc);
        for csrc in header.csrcs.iter() {
            prop_assert!(writer.csrc(*csrc));
        }
        for (id, data) in &header.extensions {
            writer.extension(id, data).unwrap();
        }
        prop_assert_eq!(writer.finish(), at_once.len());
        prop_assert_eq!(one_by_one, at_once);
    }

    #[test]
    fn a_set_is_a_map_in_order(changes in vec((1_u8..6, prop::option::weighted(0.8, vec(any::<u8>(), 0..40))), 0..60)) {
        let mut set = ExtensionSet::new();
        let mut list = VecDeque::new();
        for (id, data) in changes {
            match data {
                Some(data) => {
                    set.set(id, &data).unwrap();
                    model(&mut list, id, &data);
                }
                None => {
                    let had = list.iter().any(|(it, _)| *it == id);
                    list.retain(|(it, _)| *it != id);
                    prop_assert_eq!(set.remove(id), had);
                }
            }
            let held: VecDeque<_> = set.iter().map(|(id, data)| (id, data.to_vec())).collect();
            prop_assert_eq!(&held, &list);
            prop_assert_eq!((set.len(), set.is_empty()), (list.len(), list.is_empty()));
        }
        set.clear();
        prop_assert!(set.is_empty() && set.get(1).is_none());
    }

    #[test]
    fn typed_and_raw_extensions_are_the_same(level in 0_u8..128, voice in any::<bool>()) {
        let value = AudioLevel { voice, level };
        let mut data = Vec::new();
        value.encode(&mut data);
        let (mut raw, mut typed) = (ExtensionSet::new(), ExtensionSet::new());
        raw.set(3, &data).unwrap();
        typed.set_as(3, &value).unwrap();
        prop_assert_eq!(&raw, &typed);
        prop_assert_eq!(typed.get_as(3), Some(Ok(value)));
    }
}
