//! RTCP: datagrams read, looked through and written again.

use rtcp::{Compound, PacketRef, RawPacketRef, Remb, XrBlock, check_compound, packets, raw_packets};

/// A datagram, compound or of reduced size. What was read can be written, and is then read as the same.
///
/// # Panics
/// When a law is broken.
pub fn rtcp_decode(data: &[u8]) {
    let _ = (rtcp::is_rtcp(data), check_compound(data));
    let mut cut = 0;
    for raw in raw_packets(data) {
        match raw {
            Ok(raw) => {
                cut += raw.as_bytes().len();
                again(&raw);
            }
            Err(error) => assert!(error.offset <= data.len()),
        }
    }
    assert!(cut <= data.len());
    let mut ended = false;
    for packet in packets(data) {
        assert!(!ended, "an error ends the iteration");
        if let Err(error) = &packet {
            assert!(error.offset <= data.len());
        }
        ended = packet.is_err();
    }
}

fn again(raw: &RawPacketRef<'_>) {
    let _ = raw.sender_ssrc();
    let Ok(packet) = PacketRef::from_raw(raw) else {
        return;
    };
    let len = raw.as_bytes().len();
    // At most 65,535 statuses, or 17 packets of a NACK pair in each word, or a trace in each three words.
    assert!(visit(&packet) <= 65_535 * (1 + len / 12), "endless lists");
    assert!(packet.subjects().count() <= len / 4, "subjects out of nothing");
    let mut out = Vec::new();
    rtcp::Packet::encode(&packet, &mut out);
    assert_eq!(out.len(), rtcp::Packet::encoded_len(&packet));
    assert!(out.len() <= 2 * len + 8, "what was read grows");
    let read = PacketRef::decode(&out);
    assert!(read.is_ok(), "what is written is read");
    let Ok(read) = read else { return };
    // Padding should be whole words; where it is not, what is left is filled with zeros. Rates beyond 64 bits are made such
    // as fit.
    let is_exact = raw.body().len() % 4 == 0
        && !matches!(packet, PacketRef::ReferencePictureSelection(_))
        && !matches!(
            packet,
            PacketRef::Remb(Remb {
                bitrate: u64::MAX,
                ..
            })
        );
    if is_exact {
        assert_eq!(read, packet, "what is written is read");
        assert!(read.subjects().eq(packet.subjects()));
    }
    let mut twice = Vec::new();
    rtcp::Packet::encode(&read, &mut twice);
    assert_eq!(twice, out);
    padded(&read);
}

/// Padding behind a packet says nothing.
fn padded(packet: &PacketRef<'_>) {
    if matches!(packet, PacketRef::Unknown(_)) {
        return;
    }
    let mut out = Vec::new();
    Compound::new(&mut out).push(packet).pad(32);
    assert_eq!(
        PacketRef::decode(&out).as_ref(),
        Ok(packet),
        "padding is left out"
    );
}

/// Everything that there is to iterate over.
#[expect(clippy::wildcard_enum_match_arm, reason = "others have no lists")]
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

#[expect(clippy::wildcard_enum_match_arm, reason = "others have no lists")]
fn visit_block(block: &XrBlock<'_>) -> usize {
    match block {
        XrBlock::LossRle(it) | XrBlock::DuplicateRle(it) => it.packets().count(),
        XrBlock::PacketReceiptTimes(it) => it.packets().count(),
        XrBlock::Dlrr(it) => it.iter().count(),
        _ => 1,
    }
}
