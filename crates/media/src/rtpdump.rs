//! The `rtpdump` format of rtptools: RTP and RTCP packets with their times of arrival. Wireshark, rtpplay and libwebrtc's
//! tools read it. A line of text (`#!rtpplay1.0 address/port`), then big-endian: start in seconds and microseconds, source
//! address and port, two bytes of padding; and per packet the length of its record, the length of the packet before any
//! cut (0 for RTCP), and the milliseconds since the start.

use crate::Error;
use crate::input::Input;
use bytes::Bytes;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::Duration;

/// Longest first line that is accepted, in bytes; IPv6 addresses fit.
const MAX_LINE: usize = 128;
const MAGIC: &[u8] = b"#!rtpplay1.0 ";
/// Bytes of a record in front of the packet.
const RECORD_HEADER: u16 = 8;

/// The beginning of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// When recording began, since the Unix epoch; microseconds are kept.
    pub start: Duration,
    /// Where the packets came from. The format has room for IPv4 only.
    pub source: SocketAddrV4,
}

impl Default for Header {
    fn default() -> Self {
        Self {
            start: Duration::ZERO,
            source: SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 0),
        }
    }
}

/// RTP or RTCP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An RTP packet.
    Rtp {
        /// How long the packet was on the wire, in bytes: more than was kept when the recording cut it.
        original_len: u16,
    },
    /// A compound RTCP packet.
    Rtcp,
}

/// One packet of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packet {
    /// Its arrival after the start of the file, in whole milliseconds.
    pub offset: Duration,
    /// RTP or RTCP.
    pub kind: Kind,
    /// The bytes that were kept.
    pub data: Bytes,
}

/// Reads a file packet by packet. Give it a `BufReader`.
#[derive(Debug)]
pub struct Reader<R> {
    input: Input<R>,
    header: Header,
}

impl<R: Read> Reader<R> {
    /// Reads the beginning of the file.
    ///
    /// # Errors
    /// The beginning is not that of an rtpdump file, or cannot be read.
    pub fn new(inner: R) -> Result<Self, Error> {
        let mut input = Input::new(inner);
        read_line(&mut input)?;
        input.begin();
        let [seconds, micros, address] = [word(&mut input)?, word(&mut input)?, word(&mut input)?];
        let [port, _padding] = halves(word(&mut input)?);
        let header = Header {
            start: Duration::from_secs(seconds.into()) + Duration::from_micros(micros.into()),
            source: SocketAddrV4::new(Ipv4Addr::from_bits(address), port),
        };
        Ok(Self { input, header })
    }

    /// The beginning of the file.
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// The next packet, `None` at the end of the file. A packet has 64 KiB at most.
    ///
    /// # Errors
    /// The file ends within a packet, a length is impossible, or reading fails.
    pub fn next_packet(&mut self) -> Result<Option<Packet>, Error> {
        self.input.begin();
        let Some(lengths) = self.input.optional()? else {
            return Ok(None);
        };
        let [len, original_len] = halves(u32::from_be_bytes(lengths));
        let offset = Duration::from_millis(word(&mut self.input)?.into());
        let len = len
            .checked_sub(RECORD_HEADER)
            .ok_or_else(|| self.input.malformed("a record shorter than its header"))?;
        let mut data = Vec::new();
        self.input.append(len.into(), &mut data)?;
        let kind = match original_len {
            0 => Kind::Rtcp,
            original_len => Kind::Rtp { original_len },
        };
        Ok(Some(Packet {
            offset,
            kind,
            data: data.into(),
        }))
    }

    /// What it reads from.
    pub fn into_inner(self) -> R {
        self.input.into_inner()
    }
}

fn read_line<R: Read>(input: &mut Input<R>) -> Result<(), Error> {
    let mut line = Vec::new();
    while line.last() != Some(&b'\n') {
        if line.len() == MAX_LINE {
            return Err(input.malformed("a first line without end"));
        }
        line.push(input.array::<1>()?[0]);
    }
    if line.starts_with(MAGIC) {
        Ok(())
    } else {
        Err(input.malformed("no rtpdump file"))
    }
}

fn word<R: Read>(input: &mut Input<R>) -> Result<u32, Error> {
    input.array().map(u32::from_be_bytes)
}

const fn halves(word: u32) -> [u16; 2] {
    let [a, b, c, d] = word.to_be_bytes();
    [u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d])]
}

/// Writes a file packet by packet. Give it a `BufWriter`.
#[derive(Debug)]
pub struct Writer<W> {
    inner: W,
}

impl<W: Write> Writer<W> {
    /// Writes the beginning of the file.
    ///
    /// # Errors
    /// The start lies beyond the year 2106, or writing fails.
    pub fn new(mut inner: W, header: &Header) -> Result<Self, Error> {
        let seconds = u32::try_from(header.start.as_secs())
            .map_err(|_| Error::Unwritable("a start of more than 32 bits of seconds"))?;
        let Header { start, source } = header;
        let mut bytes = MAGIC.to_vec();
        bytes.extend_from_slice(format!("{}/{}\n", source.ip(), source.port()).as_bytes());
        bytes.extend_from_slice(&seconds.to_be_bytes());
        bytes.extend_from_slice(&start.subsec_micros().to_be_bytes());
        bytes.extend_from_slice(&source.ip().octets());
        bytes.extend_from_slice(&source.port().to_be_bytes());
        bytes.extend_from_slice(&[0, 0]);
        inner.write_all(&bytes)?;
        Ok(Self { inner })
    }

    /// Writes an RTP packet that arrived `offset` after the start of the file; milliseconds are kept.
    ///
    /// # Errors
    /// The packet is longer than 65,527 bytes or empty, the offset more than 49 days, or writing fails.
    pub fn write_rtp(&mut self, offset: Duration, packet: &[u8]) -> Result<(), Error> {
        let original_len = u16::try_from(packet.len()).map_err(|_| TOO_LONG)?;
        if original_len == 0 {
            return Err(Error::Unwritable("an empty RTP packet"));
        }
        self.write(offset, Kind::Rtp { original_len }, packet)
    }

    /// Writes a compound RTCP packet that arrived `offset` after the start of the file; milliseconds are kept.
    ///
    /// # Errors
    /// The packet is longer than 65,527 bytes, the offset more than 49 days, or writing fails.
    pub fn write_rtcp(&mut self, offset: Duration, packet: &[u8]) -> Result<(), Error> {
        self.write(offset, Kind::Rtcp, packet)
    }

    /// Writes a packet as it was read, which keeps the length before a cut.
    ///
    /// # Errors
    /// As [`write_rtp`](Self::write_rtp).
    pub fn write_packet(&mut self, packet: &Packet) -> Result<(), Error> {
        self.write(packet.offset, packet.kind, &packet.data)
    }

    fn write(&mut self, offset: Duration, kind: Kind, packet: &[u8]) -> Result<(), Error> {
        let len = u16::try_from(packet.len())
            .ok()
            .and_then(|len| len.checked_add(RECORD_HEADER))
            .ok_or(TOO_LONG)?;
        let millis = u32::try_from(offset.as_millis())
            .map_err(|_| Error::Unwritable("an offset of more than 32 bits of milliseconds"))?;
        let original_len = match kind {
            Kind::Rtp { original_len } => original_len,
            Kind::Rtcp => 0,
        };
        let mut record = [0; RECORD_HEADER as usize];
        let (lengths, time) = record.split_at_mut(4);
        lengths.copy_from_slice(&(u32::from(len) << 16 | u32::from(original_len)).to_be_bytes());
        time.copy_from_slice(&millis.to_be_bytes());
        self.inner.write_all(&record)?;
        self.inner.write_all(packet)?;
        Ok(())
    }

    /// What it writes to. Nothing is held back, but a `BufWriter` below wants to be flushed.
    pub fn into_inner(self) -> W {
        self.inner
    }
}

const TOO_LONG: Error = Error::Unwritable("a packet of more than 65,527 bytes");

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Laid out by hand after rtptools' `rtpdump.h`: 2020-09-13 12:26:40.25 UTC, 192.0.2.1 port 5004.
    const FILE: &[u8] = b"#!rtpplay1.0 192.0.2.1/5004\n\
        \x5f\x5e\x10\x00\x00\x03\xd0\x90\xc0\x00\x02\x01\x13\x8c\x00\x00\
        \x00\x16\x00\x0e\x00\x00\x00\x14\x80\x60\x00\x01\x00\x00\x00\x02\x00\x00\x00\x03ab\
        \x00\x10\x00\x00\x00\x00\x04\x01\x80\xc9\x00\x01\x00\x00\x00\x07";

    fn packets() -> [Packet; 2] {
        [
            Packet {
                offset: Duration::from_millis(20),
                kind: Kind::Rtp { original_len: 14 },
                data: Bytes::from_static(b"\x80\x60\x00\x01\x00\x00\x00\x02\x00\x00\x00\x03ab"),
            },
            Packet {
                offset: Duration::from_millis(1025),
                kind: Kind::Rtcp,
                data: Bytes::from_static(b"\x80\xc9\x00\x01\x00\x00\x00\x07"),
            },
        ]
    }

    fn header() -> Header {
        Header {
            start: Duration::from_millis(1_600_000_000_250),
            source: "192.0.2.1:5004".parse().unwrap(),
        }
    }

    #[test]
    fn reads_a_file_made_by_hand() {
        let mut reader = Reader::new(FILE).unwrap();
        assert_eq!(*reader.header(), header());
        let [first, second] = packets();
        assert_eq!(reader.next_packet().unwrap(), Some(first));
        assert_eq!(reader.next_packet().unwrap(), Some(second));
        assert_eq!(reader.next_packet().unwrap(), None);
    }

    #[test]
    fn writes_the_same_file() {
        let mut writer = Writer::new(Vec::new(), &header()).unwrap();
        let [first, second] = packets();
        writer.write_rtp(first.offset, &first.data).unwrap();
        writer.write_rtcp(second.offset, &second.data).unwrap();
        assert_eq!(writer.into_inner(), FILE);
    }

    #[test]
    fn a_file_cut_anywhere_gives_what_is_whole() {
        let starts = [44, 66, FILE.len()];
        for len in 0..FILE.len() {
            let whole = starts.iter().filter(|start| **start <= len).count();
            let Ok(mut reader) = Reader::new(&FILE[..len]) else {
                assert_eq!(whole, 0, "cut at {len}");
                continue;
            };
            let read = std::iter::from_fn(|| reader.next_packet().transpose());
            let read: Vec<_> = read.take(3).collect();
            let good = read.iter().filter(|it| it.is_ok()).count();
            assert_eq!(good + 1, whole, "cut at {len}");
            assert_eq!(
                starts.contains(&len),
                read.iter().all(Result::is_ok),
                "cut at {len}"
            );
        }
    }

    #[test]
    fn refuses_other_files() {
        assert!(matches!(
            Reader::new(&[b'x'; 500][..]),
            Err(Error::Malformed { offset: 0, .. })
        ));
        assert!(matches!(
            Reader::new(&b"DKIF\n"[..]),
            Err(Error::Malformed { offset: 0, .. })
        ));
        let mut short = FILE.to_vec();
        short[45] = 7;
        let mut reader = Reader::new(&short[..]).unwrap();
        assert!(matches!(
            reader.next_packet(),
            Err(Error::Malformed { offset: 44, .. })
        ));
    }

    #[test]
    fn refuses_what_does_not_fit() {
        let mut writer = Writer::new(Vec::new(), &header()).unwrap();
        assert!(writer.write_rtp(Duration::ZERO, &[0; 65_527]).is_ok());
        assert!(writer.write_rtp(Duration::ZERO, &[0; 65_528]).is_err());
        assert!(writer.write_rtp(Duration::ZERO, &[]).is_err());
        assert!(writer.write_rtcp(Duration::from_secs(50 * 86_400), &[0]).is_err());
    }

    proptest! {
        #[test]
        fn round_trip(packets in prop::collection::vec((any::<u32>(), any::<u16>(), prop::collection::vec(any::<u8>(), 0..99)), 0..9)) {
            let packets: Vec<_> = packets.into_iter().map(|(offset, original_len, data)| Packet {
                offset: Duration::from_millis(offset.into()),
                kind: if original_len == 0 { Kind::Rtcp } else { Kind::Rtp { original_len } },
                data: data.into(),
            }).collect();
            let mut writer = Writer::new(Vec::new(), &header()).unwrap();
            for packet in &packets {
                writer.write_packet(packet).unwrap();
            }
            let file = writer.into_inner();
            let mut reader = Reader::new(&file[..]).unwrap();
            for packet in packets {
                prop_assert_eq!(reader.next_packet().unwrap(), Some(packet));
            }
            prop_assert!(reader.next_packet().unwrap().is_none());
        }

        #[test]
        fn garbage_is_an_error_at_worst(garbage in prop::collection::vec(any::<u8>(), 0..300)) {
            let mut file = FILE[..44].to_vec();
            file.extend_from_slice(&garbage);
            let mut reader = Reader::new(&file[..]).unwrap();
            while let Ok(Some(_)) = reader.next_packet() {}
        }
    }
}
