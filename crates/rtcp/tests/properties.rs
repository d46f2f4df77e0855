//! Laws of the codec: what is written is read again, what was read can be written, and no bytes do harm.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::wildcard_enum_match_arm,
    reason = "a test program: clippy excuses its tests, not their helpers"
)]

use proptest::collection::vec;
use proptest::prelude::*;
use rtcp::*;

/// Written and read again it is the same, and as long as was said.
#[track_caller]
fn survives(packet: PacketRef<'_>) {
    let mut out = Vec::new();
    packet.encode(&mut out);
    assert_eq!(out.len(), packet.encoded_len());
    assert_eq!(out.len() % 4, 0);
    assert_eq!(packets(&out).collect::<Vec<_>>(), [Ok(packet)]);
    // Cut anywhere, it is an error or (never, as its length is beyond the end) a shorter packet.
    for len in 1..out.len() {
        assert!(PacketRef::decode(&out[..len]).is_err(), "{len} of {}", out.len());
    }
    // Padded, it is the same too.
    let mut padded = Vec::new();
    let mut compound = Compound::new(&mut padded);
    compound.push(&packet).pad(out.len() + 8);
    assert_eq!(PacketRef::decode(&padded), Ok(packet));
}

prop_compose! {
    fn block()(
        ssrc: u32, fraction_lost: u8, cumulative_lost in -0x80_0000..0x80_0000, highest_sequence_number: u32,
        jitter: u32, last_sender_report: u32, delay_since_last_sender_report: u32,
    ) -> ReportBlock {
        ReportBlock {
            ssrc, fraction_lost, cumulative_lost, highest_sequence_number, jitter, last_sender_report,
            delay_since_last_sender_report,
        }
    }
}

/// Owned items: kind, value, prefix.
fn items() -> impl Strategy<Value = Vec<(u8, Vec<u8>, Vec<u8>)>> {
    let item = (1_u8..20, vec(any::<u8>(), 0..40), vec(any::<u8>(), 0..9));
    vec(item, 0..6)
}

fn item<'a>((kind, value, prefix): &'a (u8, Vec<u8>, Vec<u8>)) -> SdesItem<'a> {
    match kind {
        1 => SdesItem::Cname(value),
        2 => SdesItem::Name(value),
        3 => SdesItem::Email(value),
        4 => SdesItem::Phone(value),
        5 => SdesItem::Location(value),
        6 => SdesItem::Tool(value),
        7 => SdesItem::Note(value),
        8 => SdesItem::Private { prefix, value },
        11 => SdesItem::ReportingGroup(value),
        12 => SdesItem::RtpStreamId(value),
        13 => SdesItem::RepairedRtpStreamId(value),
        15 => SdesItem::Mid(value),
        _ => SdesItem::Other { kind: *kind, value },
    }
}

fn metric() -> impl Strategy<Value = PacketMetric> {
    let received = (0_u8..4, 0_u16..0x2000).prop_map(|(ecn, offset)| PacketMetric::Received {
        ecn: Ecn::from_bits(ecn),
        offset: ArrivalOffset(offset),
    });
    prop_oneof![Just(PacketMetric::NotReceived), received]
}

fn rle_chunk() -> impl Strategy<Value = RleChunk> {
    prop_oneof![
        Just(RleChunk::Null),
        (any::<bool>(), 1_u16..0x4000).prop_map(|(bit, length)| RleChunk::Run { bit, length }),
        (0_u16..0x8000).prop_map(RleChunk::Vector),
    ]
}

/// As 17 or 18 significant bits say it exactly.
fn rate(bits: u32) -> impl Strategy<Value = u64> {
    (0_u64..1 << bits, 0_u32..46).prop_map(|(mantissa, exponent)| mantissa << exponent)
}

fn minimax<T: Arbitrary + Copy>() -> impl Strategy<Value = Minimax<T>> {
    any::<(T, T, T, T)>().prop_map(|(min, max, mean, deviation)| Minimax {
        min,
        max,
        mean,
        deviation,
    })
}

fn summary() -> impl Strategy<Value = StatisticsSummary> {
    let hops = prop_oneof![
        Just(HopCounts::None),
        minimax().prop_map(HopCounts::Ipv4),
        minimax().prop_map(HopCounts::Ipv6),
    ];
    let counts = any::<(u32, u16, u16, Option<u32>, Option<u32>)>();
    (counts, prop::option::of(minimax()), hops).prop_map(
        |((ssrc, begin, end, lost, duplicates), jitter, hops)| StatisticsSummary {
            ssrc,
            begin,
            end,
            lost,
            duplicates,
            jitter,
            hops,
        },
    )
}

fn words(max: usize) -> impl Strategy<Value = Vec<u8>> {
    vec(any::<[u8; 4]>(), 0..max).prop_map(|words| words.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn reports(
        ssrc: u32, blocks in vec(block(), 0..=31), extension in words(5),
        (ntp, rtp_timestamp, packet_count, octet_count) in any::<(u64, u32, u32, u32)>(),
    ) {
        let (reports, extension) = (List::from(&blocks), extension.as_slice());
        survives(PacketRef::ReceiverReport(ReceiverReport { sender_ssrc: ssrc, reports, extension }));
        let info = SenderInfo { ntp_time: NtpTime(ntp), rtp_timestamp, packet_count, octet_count };
        survives(PacketRef::SenderReport(SenderReport { sender_ssrc: ssrc, info, reports, extension }));
    }

    #[test]
    fn reports_beyond_31_follow(blocks in vec(block(), 32..120), is_sender: bool, extension in words(3)) {
        let mut out = Vec::new();
        let (reports, extension) = (List::from(&blocks), extension.as_slice());
        if is_sender {
            let report = SenderReport { sender_ssrc: 1, reports, extension, ..Default::default() };
            report.encode(&mut out);
            prop_assert_eq!(out.len(), report.encoded_len());
        } else {
            let report = ReceiverReport { sender_ssrc: 1, reports, extension };
            report.encode(&mut out);
            prop_assert_eq!(out.len(), report.encoded_len());
        }
        let mut read = Vec::new();
        for (at, packet) in packets(&out).enumerate() {
            match packet {
                Ok(PacketRef::SenderReport(report)) if is_sender && at == 0 => read.extend(report.reports),
                Ok(PacketRef::ReceiverReport(report)) if !is_sender || at > 0 => read.extend(report.reports),
                other => panic!("{other:?}"),
            }
        }
        prop_assert_eq!(read, blocks);
    }

    #[test]
    fn source_descriptions(sources in vec((any::<u32>(), items()), 0..70)) {
        let lists: Vec<Vec<_>> = sources.iter().map(|(_, items)| items.iter().map(item).collect()).collect();
        let chunks: Vec<_> = sources
            .iter()
            .zip(&lists)
            .map(|((ssrc, _), items)| SdesChunk { ssrc: *ssrc, items: items.into() })
            .collect();
        let description = SourceDescription { chunks: (&chunks).into() };
        if chunks.len() <= 31 {
            survives(PacketRef::SourceDescription(description));
        }
        let mut out = Vec::new();
        description.encode(&mut out);
        prop_assert_eq!(out.len(), description.encoded_len());
        let mut read = Vec::new();
        for packet in packets(&out) {
            let Ok(PacketRef::SourceDescription(part)) = packet else { panic!("{packet:?}") };
            read.extend(part.chunks);
        }
        prop_assert_eq!(read, chunks);
    }

    #[test]
    fn goodbyes(ssrcs in vec(any::<u32>(), 0..100), reason in vec(any::<u8>(), 0..256)) {
        let goodbye = Goodbye { ssrcs: (&ssrcs).into(), reason: &reason };
        if ssrcs.len() <= 31 {
            survives(PacketRef::Goodbye(goodbye));
        }
        let mut out = Vec::new();
        goodbye.encode(&mut out);
        prop_assert_eq!(out.len(), goodbye.encoded_len());
        let mut read = Vec::new();
        for (at, packet) in packets(&out).enumerate() {
            let Ok(PacketRef::Goodbye(part)) = packet else { panic!("{packet:?}") };
            prop_assert_eq!(part.reason, if at == 0 { reason.as_slice() } else { &[] });
            read.extend(part.ssrcs);
        }
        prop_assert_eq!(read, ssrcs);
    }

    #[test]
    fn applications(subtype in 0_u8..32, ssrc: u32, name: [u8; 4], data in words(20)) {
        survives(PacketRef::Application(Application { subtype, ssrc, name, data: &data }));
    }

    #[test]
    fn transport_messages(
        (sender_ssrc, media_ssrc) in any::<(u32, u32)>(),
        pairs in vec(any::<(u16, u16)>(), 0..40),
        limits in vec((any::<u32>(), rate(17), 0_u16..512), 0..10),
    ) {
        survives(PacketRef::RapidResync(RapidResync { sender_ssrc, media_ssrc }));
        let pairs: Vec<_> =
            pairs.into_iter().map(|(packet_id, following)| NackPair { packet_id, following }).collect();
        survives(PacketRef::Nack(Nack { sender_ssrc, media_ssrc, pairs: (&pairs).into() }));
        let limits: Vec<_> = limits
            .into_iter()
            .map(|(ssrc, bitrate, overhead)| BitrateLimit { ssrc, bitrate, overhead })
            .collect();
        let limits = List::from(&limits);
        survives(PacketRef::Tmmbr(Tmmbr { sender_ssrc, media_ssrc, limits }));
        survives(PacketRef::Tmmbn(Tmmbn { sender_ssrc, media_ssrc, limits }));
    }

    #[test]
    fn payload_messages(
        (sender_ssrc, media_ssrc) in any::<(u32, u32)>(),
        lost in vec((0_u16..0x2000, 0_u16..0x2000, 0_u8..64), 0..9),
        entries in vec((any::<u32>(), any::<u8>(), 0_u8..32), 0..9),
        layers in vec((any::<(u32, u8)>(), 0_u8..128, (0_u8..8, any::<u8>()), prop::option::of((0_u8..8, any::<u8>()))), 0..9),
    ) {
        survives(PacketRef::PictureLossIndication(PictureLossIndication { sender_ssrc, media_ssrc }));
        let lost: Vec<_> =
            lost.into_iter().map(|(first, number, picture_id)| SliceLoss { first, number, picture_id }).collect();
        survives(PacketRef::SliceLossIndication(SliceLossIndication { sender_ssrc, media_ssrc, lost: (&lost).into() }));
        let fir: Vec<_> =
            entries.iter().map(|(ssrc, sequence_number, _)| FirEntry { ssrc: *ssrc, sequence_number: *sequence_number }).collect();
        survives(PacketRef::FullIntraRequest(FullIntraRequest { sender_ssrc, media_ssrc, entries: (&fir).into() }));
        let trades: Vec<_> = entries
            .iter()
            .map(|(ssrc, sequence_number, index)| TradeOff { ssrc: *ssrc, sequence_number: *sequence_number, index: *index })
            .collect();
        survives(PacketRef::Tstr(Tstr { sender_ssrc, media_ssrc, requests: (&trades).into() }));
        survives(PacketRef::Tstn(Tstn { sender_ssrc, media_ssrc, notifications: (&trades).into() }));
        let layer = |(temporal, layer)| LayerId { temporal, layer };
        let requests: Vec<_> = layers
            .into_iter()
            .map(|((ssrc, sequence_number), payload_type, target, current)| LayerRefresh {
                ssrc, sequence_number, payload_type, target: layer(target), current: current.map(layer),
            })
            .collect();
        survives(PacketRef::LayerRefreshRequest(LayerRefreshRequest { sender_ssrc, media_ssrc, requests: (&requests).into() }));
    }

    #[test]
    fn bit_strings_and_estimates(
        (sender_ssrc, media_ssrc) in any::<(u32, u32)>(),
        payload_type in 0_u8..128, mut bits in vec(any::<u8>(), 0..20), unused in 0_u8..8,
        bitrate in rate(18), ssrcs in vec(any::<u32>(), 0..256),
    ) {
        let unused_bits = if bits.is_empty() { 0 } else { unused };
        if let Some(last) = bits.last_mut() {
            *last &= 0xff << unused;
        }
        let rpsi = ReferencePictureSelection { sender_ssrc, media_ssrc, payload_type, bit_string: &bits, unused_bits };
        survives(PacketRef::ReferencePictureSelection(rpsi));
        survives(PacketRef::Remb(Remb { sender_ssrc, media_ssrc, bitrate, ssrcs: (&ssrcs).into() }));
    }

    #[test]
    fn congestion_control(
        sender_ssrc: u32, report_timestamp: u32,
        streams in vec((any::<(u32, u16)>(), vec(metric(), 0..30)), 0..8),
    ) {
        let streams: Vec<_> = streams
            .iter()
            .map(|((ssrc, begin), metrics)| StreamFeedback { ssrc: *ssrc, begin_sequence_number: *begin, metrics: metrics.into() })
            .collect();
        let feedback = CongestionControlFeedback { sender_ssrc, streams: (&streams).into(), report_timestamp };
        survives(PacketRef::CongestionControlFeedback(feedback));
    }

    #[test]
    fn extended_reports(
        sender_ssrc: u32, numbers: (u32, u16, u16), thinning in 0_u8..16,
        chunks in vec(rle_chunk(), 0..20).prop_filter("whole words", |it| it.len() % 2 == 0),
        times in vec(any::<u32>(), 0..20), ntp: u64,
        delays in vec(any::<(u32, u32, u32)>(), 0..9), summary in summary(), voip: [u8; 32],
        (block_type, type_specific, contents) in (8_u8.., any::<u8>(), words(9)),
    ) {
        let (ssrc, begin, end) = numbers;
        let rle = RleReport { ssrc, thinning, begin, end, chunks: (&chunks).into() };
        let delays: Vec<_> =
            delays.into_iter().map(|(ssrc, last_reference, delay)| ReceiverDelay { ssrc, last_reference, delay }).collect();
        // The VoIP block is made of bytes, of which one is reserved.
        let mut wire = [&[0x80, 207, 0, 10, 0, 0, 0, 0, 7, 0, 0, 8][..], &voip].concat();
        wire[12 + 25] = 0;
        let Ok(PacketRef::ExtendedReport(voip)) = PacketRef::decode(&wire) else { panic!() };
        let blocks = [
            XrBlock::LossRle(rle),
            XrBlock::DuplicateRle(rle),
            XrBlock::PacketReceiptTimes(PacketReceiptTimes { ssrc, thinning, begin, end, times: (&times).into() }),
            XrBlock::ReceiverReferenceTime(NtpTime(ntp)),
            XrBlock::Dlrr((&delays).into()),
            XrBlock::StatisticsSummary(summary),
            voip.blocks.iter().next().unwrap(),
            XrBlock::Unknown { block_type, type_specific, contents: &contents },
        ];
        for block in &blocks {
            let alone = [*block];
            survives(PacketRef::ExtendedReport(ExtendedReport { sender_ssrc, blocks: (&alone).into() }));
        }
        let all = ExtendedReport { sender_ssrc, blocks: (&blocks).into() };
        let mut out = Vec::new();
        all.encode(&mut out);
        prop_assert_eq!(PacketRef::decode(&out), Ok(PacketRef::ExtendedReport(all)));
    }
}

/// Everything there is to iterate over.
fn visit(packet: &PacketRef<'_>) -> usize {
    match packet {
        PacketRef::SenderReport(it) => it.reports.iter().count(),
        PacketRef::ReceiverReport(it) => it.reports.iter().count(),
        PacketRef::SourceDescription(it) => it.chunks.iter().map(|chunk| chunk.items.iter().count()).sum(),
        PacketRef::Goodbye(it) => it.ssrcs.iter().count(),
        PacketRef::Nack(it) => it.sequence_numbers().count(),
        PacketRef::TransportFeedback(it) => it.packets().count(),
        PacketRef::CongestionControlFeedback(it) => {
            it.streams.iter().map(|stream| stream.packets().count()).sum()
        }
        PacketRef::SliceLossIndication(it) => it.lost.iter().count(),
        PacketRef::FullIntraRequest(it) => it.entries.iter().count(),
        PacketRef::Tmmbr(it) => it.limits.iter().count(),
        PacketRef::Tmmbn(it) => it.limits.iter().count(),
        PacketRef::Tstr(it) => it.requests.iter().count(),
        PacketRef::Tstn(it) => it.notifications.iter().count(),
        PacketRef::Remb(it) => it.ssrcs.iter().count(),
        PacketRef::LayerRefreshRequest(it) => it.requests.iter().count(),
        PacketRef::ExtendedReport(it) => it.blocks.iter().map(|block| visit_block(&block)).sum(),
        _ => 0,
    }
}

fn visit_block(block: &XrBlock<'_>) -> usize {
    match block {
        XrBlock::LossRle(it) | XrBlock::DuplicateRle(it) => it.packets().count(),
        XrBlock::PacketReceiptTimes(it) => it.packets().count(),
        XrBlock::Dlrr(it) => it.iter().count(),
        _ => 0,
    }
}

/// Bytes with a header that leads somewhere.
fn plausible() -> impl Strategy<Value = Vec<u8>> {
    let body = prop_oneof![
        vec(any::<u8>(), 0..200),
        // Small numbers are likely counts, lengths and types.
        vec(0_u8..16, 0..200),
        vec(prop_oneof![Just(0_u8), Just(1), Just(0xff), any::<u8>()], 0..120),
    ];
    (0x80_u8..0xc0, 198_u8..210, body).prop_map(|(first, packet_type, mut body)| {
        body.resize(body.len() / 4 * 4, 0);
        let words = u16::try_from(body.len() / 4).unwrap();
        let [high, low] = words.to_be_bytes();
        [&[first, packet_type, high, low][..], &body].concat()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]

    #[test]
    fn what_was_read_can_be_written(wire in plausible()) {
        let Ok(packet) = PacketRef::decode(&wire) else { return Ok(()) };
        // At most 65,535 statuses, or 17 packets of a NACK pair in each word, or a trace in each three words.
        prop_assert!(visit(&packet) <= 65_535 * (1 + wire.len() / 12));
        let mut out = Vec::new();
        packet.encode(&mut out);
        prop_assert_eq!(out.len(), packet.encoded_len());
        let (raw, _) = RawPacketRef::decode(&wire).unwrap();
        let again = PacketRef::decode(&out).unwrap();
        // Padding should be whole words (RFC 3550 §6.4.1); where it is not, what is left is filled with zeros. Bits that are
        // not used are cleared, and rates beyond 64 bits made such as fit.
        let is_exact = raw.body().len() % 4 == 0
            && !matches!(packet, PacketRef::ReferencePictureSelection(_))
            && !matches!(packet, PacketRef::Remb(Remb { bitrate: u64::MAX, .. }));
        if is_exact {
            prop_assert_eq!(again, packet, "{:02x?} {:02x?}", wire, out);
        }
        let mut twice = Vec::new();
        again.encode(&mut twice);
        prop_assert_eq!(twice, out);
    }

    #[test]
    fn no_bytes_do_harm(garbage in vec(any::<u8>(), 0..300), several in vec(plausible(), 0..4)) {
        for datagram in [garbage, several.concat()] {
            let mut ended = false;
            for packet in packets(&datagram) {
                prop_assert!(!ended, "an error ends the iteration");
                match packet {
                    Ok(packet) => { visit(&packet); }
                    Err(error) => {
                        prop_assert!(error.offset <= datagram.len());
                        ended = true;
                    }
                }
            }
            prop_assert_eq!(raw_packets(&datagram).filter_map(Result::ok).map(|it| it.as_bytes().len()).sum::<usize>()
                <= datagram.len(), true);
            let _ = check_compound(&datagram);
        }
    }
}
