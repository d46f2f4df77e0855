//! Bytes assembled by hand from the RFCs' figures: each decodes to what it says, encodes back to itself, and cut at any
//! length is refused or shorter, never a panic.

use super::*;
use crate::tsn::{Ssn, Tsn};

/// A whole packet: DATA with U and E of 5 bytes, padded, then SACK with two gap blocks and a duplicate.
const PACKET: [u8; 12 + 24 + 28] = [
    0x13, 0x88, 0x13, 0x88, 0xde, 0xad, 0xbe, 0xef, 0, 0, 0,
    0, // ports 5000, tag, checksum to be sealed
    0x00, 0x05, 0x00, 0x15, 0x01, 0x02, 0x03, 0x04, 0x00, 0x07, 0x00,
    0x09, // DATA: TSN, stream 7, SSN 9
    0x00, 0x00, 0x00, 0x33, b'h', b'e', b'l', b'l', b'o', 0, 0, 0, // PPID 51, payload, padding
    0x03, 0x00, 0x00, 0x1c, 0x00, 0x00, 0x00, 0x10, 0x00, 0x02, 0x00,
    0x00, // SACK: cumulative 16, a_rwnd
    0x00, 0x02, 0x00, 0x01, 0x00, 0x02, 0x00, 0x03, 0x00, 0x05, 0x00, 0x05, // 2 blocks, 1 duplicate
    0x00, 0x00, 0x00, 0x0f, // duplicate TSN 15
];

fn sealed() -> Vec<u8> {
    let mut packet = PACKET.to_vec();
    seal(&mut packet);
    packet
}

#[test]
fn a_packet_decodes_to_its_fields() {
    let bytes = sealed();
    let packet = PacketRef::decode(&bytes).unwrap();
    assert_eq!(packet.header.source_port, 5000);
    assert_eq!(packet.header.destination_port, 5000);
    assert_eq!(packet.header.verification_tag, 0xdead_beef);
    assert!(packet.checksum_is_valid());
    let chunks: Vec<ChunkRef<'_>> = packet.chunks().map(Result::unwrap).collect();
    assert_eq!(chunks.len(), 2);

    let data = DataRef::decode(&chunks[0]).unwrap();
    assert_eq!(data.header.tsn, Tsn(0x0102_0304));
    assert_eq!(
        (data.header.stream_id, data.header.ssn, data.header.ppid),
        (7, Ssn(9), 51)
    );
    assert_eq!(data.header.flags, DataFlags::UNORDERED.with(DataFlags::END));
    assert_eq!(data.payload, b"hello");

    let sack = SackRef::decode(chunks[1].value).unwrap();
    assert_eq!(sack.sack.cumulative_tsn, Tsn(16));
    assert_eq!(sack.sack.a_rwnd, 0x2_0000);
    let blocks: Vec<GapBlock> = sack.gap_blocks().collect();
    assert_eq!(
        blocks,
        [GapBlock { start: 2, end: 3 }, GapBlock { start: 5, end: 5 }]
    );
    assert_eq!(sack.duplicates().collect::<Vec<_>>(), [Tsn(15)]);
}

#[test]
fn what_was_decoded_encodes_to_the_same_bytes() {
    let bytes = sealed();
    let packet = PacketRef::decode(&bytes).unwrap();
    let mut out = Vec::new();
    packet.header.encode(&mut out);
    assert_eq!(out.len(), packet.header.encoded_len());
    let chunks: Vec<ChunkRef<'_>> = packet.chunks().map(Result::unwrap).collect();
    let data = DataRef::decode(&chunks[0]).unwrap();
    data.header.encode(data.payload.len(), &mut out);
    out.extend_from_slice(data.payload);
    pad(&mut out, data.payload.len());
    let sack = SackRef::decode(chunks[1].value).unwrap();
    write_chunk(&mut out, ChunkKind::SACK, 0, |out| {
        sack.sack.encode(out);
        for block in sack.gap_blocks() {
            out.extend_from_slice(&block.start.to_be_bytes());
            out.extend_from_slice(&block.end.to_be_bytes());
        }
        sack.duplicates()
            .for_each(|tsn| out.extend_from_slice(&tsn.0.to_be_bytes()));
    });
    seal(&mut out);
    assert_eq!(out, bytes);
}

#[test]
fn every_flipped_bit_breaks_the_checksum() {
    let bytes = sealed();
    for bit in 0..bytes.len() * 8 {
        let mut bad = bytes.clone();
        bad[bit / 8] ^= 1 << (bit % 8);
        assert!(!PacketRef::decode(&bad).unwrap().checksum_is_valid(), "bit {bit}");
    }
}

#[test]
fn truncation_at_every_length_is_an_error_or_a_whole_prefix() {
    let bytes = sealed();
    for len in 0..bytes.len() {
        let Ok(packet) = PacketRef::decode(&bytes[..len]) else {
            assert!(len < 12);
            continue;
        };
        assert!(!packet.checksum_is_valid(), "length {len}");
        let chunks: Vec<_> = packet.chunks().collect();
        let whole = chunks.iter().filter(|chunk| chunk.is_ok()).count();
        // The padding of the first chunk may be missing.
        let expected = usize::from(len >= 33);
        assert_eq!(whole, expected, "length {len}");
        assert!(
            chunks.iter().rev().skip(1).all(Result::is_ok),
            "an error is the last item"
        );
    }
}

/// Each chunk value with the number of bytes it must have at least.
#[test]
fn chunk_values_are_refused_below_their_fixed_part() {
    let init = [0, 0, 0, 1, 0, 2, 0, 0, 0, 3, 0, 4, 0, 0, 0, 5, 0xc0, 0, 0, 4];
    for len in 0..init.len() {
        let decoded = InitRef::decode(&init[..len]);
        assert_eq!(decoded.is_ok(), len >= 16, "INIT cut to {len}");
        if let Ok(init) = decoded {
            assert_eq!(init.init.initial_tsn, Tsn(5));
            assert!(
                init.params().all(|param| param.is_err()),
                "half a parameter is no parameter"
            );
        }
    }
    let whole = InitRef::decode(&init).unwrap();
    let params: Vec<ParamRef<'_>> = whole.params().map(Result::unwrap).collect();
    assert_eq!(
        params,
        [ParamRef {
            kind: ParamKind::FORWARD_TSN_SUPPORTED,
            value: &[]
        }]
    );
    let mut out = Vec::new();
    whole.init.encode(&mut out);
    assert_eq!(out, init[..16]);

    let sack = &PACKET[40..];
    for len in 0..sack.len() {
        assert!(SackRef::decode(&sack[..len]).is_err(), "SACK cut to {len}");
    }
    let forward = [0, 0, 0, 9, 0, 1, 0, 2, 0, 3, 0, 4];
    for len in 0..forward.len() {
        let expected = len >= 4 && len % 4 == 0;
        assert_eq!(
            ForwardTsnRef::decode(&forward[..len]).is_ok(),
            expected,
            "FORWARD-TSN cut to {len}"
        );
    }
    let forward = ForwardTsnRef::decode(&forward).unwrap();
    assert_eq!(forward.new_cumulative_tsn, Tsn(9));
    let streams: Vec<SkippedStream> = forward.streams().collect();
    let named = |stream_id, ssn| SkippedStream {
        stream_id,
        ssn: Ssn(ssn),
    };
    assert_eq!(streams, [named(1, 2), named(3, 4)]);
    for len in 0..12 {
        let chunk = ChunkRef {
            kind: ChunkKind::DATA,
            flags: 3,
            value: &PACKET[16..16 + len],
        };
        assert!(DataRef::decode(&chunk).is_err(), "DATA cut to {len}");
    }
}

#[test]
fn reconfiguration_parameters_round_trip_and_refuse_truncation() {
    let request = OutgoingReset {
        request: 10,
        response: 9,
        last_tsn: Tsn(77),
        streams: StreamIds::default(),
    };
    let mut out = Vec::new();
    request.encode(&[1, 65535, 3], &mut out);
    assert_eq!(
        out,
        [
            0, 13, 0, 22, 0, 0, 0, 10, 0, 0, 0, 9, 0, 0, 0, 77, 0, 1, 0xff, 0xff, 0, 3, 0, 0
        ],
        "RFC 6525 §4.1"
    );
    let param = Params::new(&out).next().unwrap().unwrap();
    let Some(ReconfigParam::Outgoing(decoded)) = ReconfigParam::decode(&param).unwrap() else {
        panic!()
    };
    assert_eq!(
        (decoded.request, decoded.response, decoded.last_tsn),
        (10, 9, Tsn(77))
    );
    assert_eq!(decoded.streams.iter().collect::<Vec<_>>(), [1, 65535, 3]);
    for len in 0..param.value.len() {
        let cut = ParamRef {
            value: &param.value[..len],
            ..param
        };
        assert_eq!(
            ReconfigParam::decode(&cut).is_ok(),
            len >= 12 && len % 2 == 0,
            "cut to {len}"
        );
    }
    let mut out = Vec::new();
    ReconfigResponse {
        response: 4,
        result: ResetResult::PERFORMED,
    }
    .encode(&mut out);
    assert_eq!(out, [0, 16, 0, 12, 0, 0, 0, 4, 0, 0, 0, 1], "RFC 6525 §4.4");
    let param = Params::new(&out).next().unwrap().unwrap();
    for len in 0..8 {
        let cut = ParamRef {
            value: &param.value[..len],
            ..param
        };
        assert!(ReconfigParam::decode(&cut).is_err());
    }
    let foreign = ParamRef {
        kind: ParamKind::STATE_COOKIE,
        value: &[],
    };
    assert_eq!(ReconfigParam::decode(&foreign), Ok(None));
}

#[test]
fn impossible_lengths_end_the_iteration() {
    let short = [0, 0, 0, 3, 1, 1, 0, 4];
    let mut packet = vec![0; 12];
    packet.extend_from_slice(&short);
    let items: Vec<_> = PacketRef::decode(&packet).unwrap().chunks().collect();
    assert_eq!(
        items,
        [Err(DecodeError {
            reason: "chunk length below 4",
            offset: 4
        })]
    );
    let items: Vec<_> = Params::new(&[0, 1, 0, 3, 0, 1, 0, 4]).collect();
    assert_eq!(
        items,
        [Err(DecodeError {
            reason: "parameter length below 4",
            offset: 4
        })]
    );
    let causes: Vec<_> = Causes::new(&[0, 12, 0, 6, b'n', b'o', 0, 0, 0, 13, 0, 4])
        .map(Result::unwrap)
        .collect();
    assert_eq!(
        causes[0],
        CauseRef {
            code: Cause::USER_INITIATED_ABORT,
            information: b"no"
        }
    );
    assert_eq!(causes[1].code.name(), "protocol violation");
}

#[test]
fn the_highest_bits_say_what_to_do_with_the_unknown() {
    let cases = [
        (0x3f, UnknownAction::Stop),
        (0x7f, UnknownAction::StopAndReport),
        (0xbf, UnknownAction::Skip),
        (0xff, UnknownAction::SkipAndReport),
    ];
    for (kind, action) in cases {
        assert_eq!(ChunkKind(kind).unknown_action(), action);
        assert_eq!(ParamKind(u16::from(kind) << 8).unknown_action(), action);
    }
    assert!(UnknownAction::StopAndReport.stops() && UnknownAction::StopAndReport.reports());
    assert!(!UnknownAction::Skip.stops() && !UnknownAction::Skip.reports());
}
