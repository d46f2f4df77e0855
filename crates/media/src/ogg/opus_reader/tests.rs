//! Files made by hand, files of the writer, and damaged ones.

use super::super::{OpusMultiWriter, OpusWriter, Page, Placed};
use super::*;
use proptest::prelude::*;

const HEAD: &[u8] =
    b"OggS\x00\x02\x00\x00\x00\x00\x00\x00\x00\x00\x07\x00\x00\x00\x00\x00\x00\x00\x9f\xf6E\xaa\x01\x13\
    OpusHead\x01\x028\x01\x80\xbb\x00\x00\x00\x00\x00";
const TAGS: &[u8] =
    b"OggS\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x07\x00\x00\x00\x01\x00\x00\x00,\x09!\xcb\x01\x12\
    OpusTags\x02\x00\x00\x00me\x00\x00\x00\x00";
/// Four packets of 20 ms, of which the second has 300 bytes; the stream ends in the middle of the last one.
const AUDIO: &[u8] =
    b"OggS\x00\x04\x20\x0d\x00\x00\x00\x00\x00\x00\x07\x00\x00\x00\x02\x00\x00\x00\x0f\xe0\x19\xcd\x05\
    \x04\xff-\x01\x02\xfc\x01\x02\x03\xfc";

/// Laid out by hand after RFC 3533 §6 and RFC 7845 §5, its checksums computed bit by bit.
fn file() -> Vec<u8> {
    [HEAD, TAGS, AUDIO, &[0x55; 299], b"\xf8\xf8\x09"].concat()
}

fn read(file: &[u8]) -> Vec<OpusPacket> {
    let mut reader = OpusReader::new(file).unwrap();
    std::iter::from_fn(|| reader.next_packet().unwrap()).collect()
}

/// What was written, with positions and without data.
fn places(file: &[u8]) -> Vec<(u64, u32, u32)> {
    read(file)
        .iter()
        .map(|it| (it.position, it.samples, it.trimmed))
        .collect()
}

/// A file of one packet a page, whose pages can be lost: (flags, granule position, packets).
fn pages(pages: &[(u8, u64, &[&[u8]])]) -> Vec<u8> {
    let mut file = [HEAD, TAGS].concat();
    for (sequence, (flags, granule, packets)) in (2..).zip(pages) {
        let lacing: Vec<u8> = packets.iter().map(|it| u8::try_from(it.len()).unwrap()).collect();
        let page = Page {
            is_continued: flags & 1 != 0,
            is_first: false,
            is_last: flags & 4 != 0,
            granule_position: Some(*granule),
            serial: 7,
            sequence,
            lacing: &lacing,
            data: &packets.concat(),
        };
        page.encode(&mut file);
    }
    file
}

#[test]
fn reads_a_file_made_by_hand() {
    let file = file();
    let reader = OpusReader::new(&file[..]).unwrap();
    let [stream] = reader.streams() else {
        panic!("one stream")
    };
    assert_eq!(stream.serial, 7);
    assert_eq!(stream.head, OpusHead::new(2));
    assert_eq!(stream.tags.vendor, "me");
    let packets = read(&file);
    assert_eq!(packets[0].data, &[0xfc, 1, 2, 3][..]);
    assert_eq!(packets[1].data.len(), 300);
    assert_eq!(packets[3].data, &[0xf8, 9][..]);
    assert_eq!(packets[0].duration(), Duration::from_millis(20));
    let expected = [(0, 960, 0), (960, 960, 0), (1920, 960, 0), (2880, 960, 480)];
    assert_eq!(places(&file), expected);
}

#[test]
fn writes_the_same_file() {
    let head = OpusHead::new(2);
    let tags = OpusTags {
        vendor: "me".into(),
        comments: vec![],
    };
    let mut writer = OpusWriter::with_tags(Vec::new(), &head, &tags, 7).unwrap();
    for packet in read(&file()) {
        writer.write_packet(&packet.data).unwrap();
    }
    assert_eq!(writer.finish_trimmed(480).unwrap(), file());
}

#[test]
fn a_page_a_second_and_the_last_one_ends() {
    let mut writer = OpusWriter::new(Vec::new(), &OpusHead::new(1)).unwrap();
    for _ in 0..120 {
        writer.write_packet(&[0xf8, 1]).unwrap();
    }
    assert_eq!(writer.position(), 120 * 960);
    let file = writer.finish().unwrap();
    let mut reader = super::super::PageReader::new(&file[..]);
    let mut seen = Vec::new();
    while let Some(page) = reader.next_page().unwrap() {
        seen.push((
            page.sequence,
            page.granule_position.unwrap(),
            page.is_first,
            page.is_last,
        ));
    }
    let expected = [
        (0, 0, true, false),
        (1, 0, false, false),
        (2, 48_000, false, false),
        (3, 96_000, false, false),
        (4, 115_200, false, true),
    ];
    assert_eq!(seen, expected);
    assert_eq!(read(&file).len(), 120);
}

#[test]
fn large_packets_span_pages() {
    let mut writer = OpusWriter::new(Vec::new(), &OpusHead::new(2)).unwrap();
    let large = [&[0xf8][..], &[7; 60_000]].concat();
    for _ in 0..3 {
        writer.write_packet(&large).unwrap();
    }
    let exact = [&[0xf8][..], &[8; 254]].concat();
    writer.write_packet(&exact).unwrap();
    let file = writer.finish().unwrap();
    let sizes: Vec<_> = read(&file).iter().map(|it| it.data.len()).collect();
    assert_eq!(sizes, [60_001, 60_001, 60_001, 255]);
    assert_eq!(places(&file)[3], (2880, 960, 0));
}

#[test]
fn rtp_with_loss_keeps_its_time() {
    let mut writer = OpusWriter::new(Vec::new(), &OpusHead::new(2)).unwrap();
    let start = u32::MAX - 1000;
    let at = |count: u32| start.wrapping_add(960 * count);
    let packet = [0xf8, 1];
    assert_eq!(writer.write_rtp(at(0), &packet).unwrap(), Placed::InOrder);
    assert_eq!(writer.write_rtp(at(4), &packet).unwrap(), Placed::AfterGap(2880));
    assert_eq!(writer.write_rtp(at(2), &packet).unwrap(), Placed::TooLate);
    assert_eq!(writer.write_rtp(at(5), &packet).unwrap(), Placed::InOrder);
    assert_eq!(
        writer.write_rtp(at(5 + 60 * 60), &packet).unwrap(),
        Placed::Restarted
    );
    assert!(writer.write_rtp(at(0), &[]).is_err());
    let packets = read(&writer.finish().unwrap());
    let sizes: Vec<_> = packets.iter().map(|it| it.data.len()).collect();
    assert_eq!(sizes, [2, 1, 1, 1, 2, 2, 2]);
    assert!(
        packets
            .iter()
            .zip(0..)
            .all(|(packet, count)| packet.position == 960 * count)
    );
}

#[test]
fn the_longest_gap_costs_little() {
    let mut writer = OpusWriter::new(Vec::new(), &OpusHead::new(2)).unwrap();
    writer.write_rtp(0, &[0xf8, 1]).unwrap();
    assert_eq!(
        writer.write_rtp(960 + MINUTE, &[0xf8, 1]).unwrap(),
        Placed::AfterGap(MINUTE)
    );
    assert!(writer.finish().unwrap().len() < 10_000);
}

const MINUTE: u32 = 60 * 48_000;

#[test]
fn positions_come_from_the_end_of_a_page() {
    let packet: &[u8] = &[0xf8, 1];
    // RFC 7845 §4.5: a stream that was joined later begins with more than its first page has.
    let file = pages(&[
        (0, 10_000, &[packet, packet]),
        (0, 10_960, &[packet]),
        (4, 11_000, &[packet]),
    ]);
    let expected = [
        (8080, 960, 0),
        (9040, 960, 0),
        (10_000, 960, 0),
        (10_960, 960, 920),
    ];
    assert_eq!(places(&file), expected);
    // The last page alone with a larger position than it has samples: backwards, although it ends the stream.
    let file = pages(&[(4, 5000, &[packet])]);
    assert_eq!(places(&file), [(4040, 960, 0)]);
    // A page that says less than it has, without ending the stream: nothing is known but the order.
    let file = pages(&[(0, 100, &[packet]), (0, 1920, &[packet])]);
    assert_eq!(places(&file), [(0, 960, 0), (960, 960, 0)]);
}

#[test]
fn malformed_packets_are_left_out() {
    let packet: &[u8] = &[0xf8, 1];
    let file = pages(&[(0, 1920, &[packet, &[], &[0xfb, 0], packet])]);
    let mut reader = OpusReader::new(&file[..]).unwrap();
    let read: Vec<_> = std::iter::from_fn(|| reader.next_packet().unwrap()).collect();
    assert_eq!(read.iter().map(|it| it.position).collect::<Vec<_>>(), [0, 960]);
    assert_eq!(reader.malformed(), 2);
}

#[test]
fn a_lost_page_is_a_gap_and_time_goes_on() {
    let packet: &[u8] = &[0xf8, 1];
    let whole = pages(&[(0, 960, &[packet]), (0, 1920, &[packet]), (0, 2880, &[packet])]);
    let page = 27 + 1 + 2;
    let mut damaged = whole.clone();
    damaged[HEAD.len() + TAGS.len() + page + 29] ^= 1;
    let mut reader = OpusReader::new(&damaged[..]).unwrap();
    let read: Vec<_> = std::iter::from_fn(|| reader.next_packet().unwrap()).collect();
    let seen: Vec<_> = read.iter().map(|it| (it.position, it.follows_gap)).collect();
    assert_eq!(seen, [(0, false), (1920, true)]);
    let stats = reader.stats();
    assert_eq!(
        (stats.damaged, stats.pages, stats.skipped_bytes),
        (1, 4, page as u64)
    );
}

#[test]
fn several_streams_at_once_and_one_after_the_other() {
    let write = |serial, packets: u8| {
        let mut writer =
            OpusWriter::with_tags(Vec::new(), &OpusHead::new(1), &OpusTags::default(), serial).unwrap();
        for count in 0..packets {
            writer.write_packet(&[0xf8, count]).unwrap();
        }
        writer.finish().unwrap()
    };
    let split = |file: &[u8]| {
        let mut reader = super::super::PageReader::new(file);
        let mut pages = Vec::new();
        while let Some(page) = reader.next_page().unwrap() {
            let mut bytes = Vec::new();
            page.encode(&mut bytes);
            pages.push(bytes);
        }
        pages
    };
    let (one, two, three) = (split(&write(1, 60)), split(&write(2, 3)), split(&write(1, 2)));
    let foreign = {
        let mut bytes = Vec::new();
        let page = Page {
            is_continued: false,
            is_first: true,
            is_last: false,
            granule_position: Some(0),
            serial: 9,
            sequence: 0,
            lacing: &[6],
            data: b"theora",
        };
        page.encode(&mut bytes);
        bytes
    };
    let order = [
        &one[0], &foreign, &two[0], &one[1], &two[1], &one[2], &two[2], &one[3],
    ];
    let file = [order.map(Clone::clone).concat(), three.concat()].concat();
    let mut reader = OpusReader::new(&file[..]).unwrap();
    assert_eq!(reader.streams().len(), 2, "both that play at once are known");
    let read: Vec<_> = std::iter::from_fn(|| reader.next_packet().unwrap()).collect();
    let of = |stream| {
        read.iter()
            .filter(|it| it.stream == stream)
            .map(|it| it.position)
            .collect::<Vec<_>>()
    };
    assert_eq!(of(0), (0..60).map(|it| it * 960).collect::<Vec<_>>());
    assert_eq!(of(1), [0, 960, 1920]);
    assert_eq!(of(2), [0, 960], "chained, with a serial number used before");
    assert_eq!(reader.streams().len(), 3);
}

#[test]
fn voices_of_a_call_stay_together() {
    let stream = |serial| OpusStream {
        serial,
        head: OpusHead::new(1),
        tags: OpusTags::default(),
    };
    let mut writer = OpusMultiWriter::new(Vec::new(), &[stream(4), stream(2), stream(9)]).unwrap();
    for count in 0..200_u32 {
        for stream in 0..3 {
            // The second says nothing for a while, and one packet of the third is lost.
            let is_silent = stream == 1 && (50..150).contains(&count) || stream == 2 && count == 77;
            if !is_silent {
                let timestamp = count * 960 + 1_000_000 * u32::try_from(stream).unwrap();
                writer.write_rtp(stream, timestamp, &[0xf8, 7]).unwrap();
            }
        }
    }
    assert_eq!(
        [0, 1, 2, 3].map(|stream| writer.position(stream)),
        [Some(192_000), Some(192_000), Some(192_000), None]
    );
    let file = writer.finish().unwrap();
    let reader = OpusReader::new(&file[..]).unwrap();
    assert_eq!(
        reader.streams().iter().map(|it| it.serial).collect::<Vec<_>>(),
        [4, 2, 9]
    );
    let packets = read(&file);
    let of = |stream| packets.iter().filter(move |it| it.stream == stream);
    for stream in 0..3 {
        assert!(
            of(stream)
                .zip(0..)
                .all(|(packet, count)| packet.position == count * 960)
        );
        assert_eq!(of(stream).count(), 200);
    }
    let concealed = |stream| of(stream).filter(|it| it.data.len() == 1).count();
    assert_eq!([concealed(0), concealed(1), concealed(2)], [0, 100, 1]);
    // Those that play at the same time stand near each other: no more than a page apart, but where one was silent.
    let places = packets.iter().filter(|it| it.stream != 1).map(|it| it.position);
    let spread = places
        .collect::<Vec<_>>()
        .windows(2)
        .map(|pair| pair[0].abs_diff(pair[1]))
        .max();
    assert!(spread <= Some(2 * 48_000), "{spread:?}");
}

#[test]
fn streams_need_numbers_of_their_own() {
    let stream = OpusStream {
        serial: 4,
        head: OpusHead::new(1),
        tags: OpusTags::default(),
    };
    assert!(OpusMultiWriter::new(Vec::new(), &[stream.clone(), stream.clone()]).is_err());
    assert!(OpusMultiWriter::new(Vec::new(), &[]).is_err());
    let impossible = OpusStream {
        head: OpusHead::new(3),
        ..stream
    };
    assert!(OpusMultiWriter::new(Vec::new(), &[impossible]).is_err());
}

#[test]
fn a_file_cut_anywhere_gives_what_is_whole() {
    let packet: &[u8] = &[0xf8, 1];
    let file = pages(&[(0, 960, &[packet]), (0, 1920, &[packet]), (4, 2880, &[packet])]);
    let headers = HEAD.len() + TAGS.len();
    for len in 0..=file.len() {
        let Ok(mut reader) = OpusReader::new(&file[..len]) else {
            assert!(len < headers, "cut at {len}");
            continue;
        };
        let mut count = 0;
        let result = loop {
            match reader.next_packet() {
                Ok(Some(_)) => count += 1,
                end => break end,
            }
        };
        assert_eq!(count, (len - headers) / 30, "cut at {len}");
        assert_eq!(result.is_ok(), (len - headers).is_multiple_of(30), "cut at {len}");
        assert!(reader.next_packet().unwrap().is_none(), "the end is told once");
    }
}

#[test]
fn other_files_are_refused_soon() {
    let reason = |file: &[u8]| match OpusReader::new(file) {
        Err(Error::Malformed { reason, .. }) => reason,
        other => panic!("{other:?}"),
    };
    assert_eq!(reason(&vec![0; 1 << 20]), "no Ogg file");
    assert_eq!(reason(&[]), "the file ends without an Opus stream");
    assert_eq!(reason(&b"OggS\0\0".repeat(1_000_000)), "too many damaged pages");
    assert_eq!(reason(HEAD), "the file ends without an Opus stream");
}

#[test]
fn a_packet_without_end_is_dropped_at_the_limit() {
    let mut file = [HEAD, TAGS].concat();
    let data = vec![0xf8; 255 * 255];
    for sequence in 2..100 {
        let page = Page {
            is_continued: sequence > 2,
            is_first: false,
            is_last: false,
            granule_position: None,
            serial: 7,
            sequence,
            lacing: &[255; 255],
            data: &data,
        };
        page.encode(&mut file);
    }
    let page = Page {
        is_continued: true,
        is_first: false,
        is_last: false,
        granule_position: Some(960),
        serial: 7,
        sequence: 100,
        lacing: &[3, 2],
        data: &[1, 2, 3, 0xf8, 1],
    };
    page.encode(&mut file);
    let packets = read(&file);
    assert_eq!(packets.len(), 1);
    assert!(packets[0].follows_gap);
    assert_eq!(packets[0].position, 0);
}

/// Gives out a few bytes at a time.
struct Trickle<'a>(&'a [u8], usize);

impl Read for Trickle<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let len = self.1.min(buffer.len());
        self.0.read(&mut buffer[..len])
    }
}

#[test]
fn pages_across_reads() {
    let mut damaged = file();
    damaged.splice(HEAD.len()..HEAD.len(), *b"OggOgOggSOgg");
    for step in 1..40 {
        let mut reader = OpusReader::new(Trickle(&damaged, step)).unwrap();
        let packets: Vec<_> = std::iter::from_fn(|| reader.next_packet().unwrap()).collect();
        assert_eq!(packets, read(&file()), "{step} bytes at a time");
        assert_eq!(reader.stats().skipped_bytes, 12);
    }
}

proptest! {
    #[test]
    fn round_trip(packets in prop::collection::vec((0..32_u8, 0..700_usize, any::<u8>()), 0..150)) {
        let mut writer = OpusWriter::new(Vec::new(), &OpusHead::new(2)).unwrap();
        let packets: Vec<_> = packets.into_iter().map(|(configuration, len, fill)| {
            [vec![configuration << 3], vec![fill; len]].concat()
        }).collect();
        for packet in &packets {
            writer.write_packet(packet).unwrap();
        }
        let end = writer.position();
        let file = writer.finish().unwrap();
        let read = read(&file);
        prop_assert_eq!(read.len(), packets.len());
        let mut position = 0;
        for (read, written) in read.iter().zip(&packets) {
            prop_assert_eq!(&read.data, written);
            prop_assert_eq!(read.position, position);
            prop_assert_eq!(read.trimmed, 0);
            position += u64::from(read.samples);
        }
        prop_assert_eq!(position, end);
    }

    #[test]
    fn damage_never_panics_and_never_invents(at in 0..2000_usize, byte in any::<u8>(), len in 0..20_usize) {
        let mut writer = OpusWriter::new(Vec::new(), &OpusHead::new(2)).unwrap();
        for count in 0..200 {
            writer.write_packet(&[0xf8, count, 1, 2, 3, 4, 5, 6]).unwrap();
        }
        let mut file = writer.finish().unwrap();
        let at = at.min(file.len());
        let end = (at + len).min(file.len());
        file[at..end].fill(byte);
        if let Ok(mut reader) = OpusReader::new(&file[..]) {
            while let Ok(Some(packet)) = reader.next_packet() {
                prop_assert_eq!(packet.position, 960 * u64::from(packet.data[1]));
            }
        }
    }
}
