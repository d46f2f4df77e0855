//! IVF, the file format of the WebM project for VP8, VP9 and AV1 in tests and recordings. Little-endian throughout: a
//! header of 32 bytes (`DKIF`, version 0, header length, FourCC, width, height, time base, length), then per
//! frame its length in 32 bits, its time in 64 bits and its bytes. The length is a hint that many files have wrong.
//!
//! An AV1 frame is a temporal unit of the low-overhead format (AV1 §7.5) and begins with a temporal delimiter, which RTP
//! leaves out: the writer puts it back.

use crate::Error;
use crate::input::Input;
use bytes::Bytes;
use rtp::payload::av1::TEMPORAL_DELIMITER;
use rtp::payload::{vp8, vp9};
use std::io::{Read, Seek, SeekFrom, Write};
use std::time::Duration;

/// Bytes of the header that this crate writes and the shortest it reads.
const HEADER_LEN: u16 = 32;
/// Where width and height stand.
const SIZE_AT: u64 = 12;
/// Where the length stands.
const LENGTH_AT: u64 = 24;

/// What the frames are encoded with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Codec {
    /// VP8 (RFC 6386), FourCC `VP80`.
    Vp8,
    /// VP9, FourCC `VP90`.
    Vp9,
    /// AV1, FourCC `AV01`.
    Av1,
    /// Another FourCC.
    Other([u8; 4]),
}

impl Codec {
    /// The code in the header.
    pub const fn fourcc(self) -> [u8; 4] {
        match self {
            Self::Vp8 => *b"VP80",
            Self::Vp9 => *b"VP90",
            Self::Av1 => *b"AV01",
            Self::Other(fourcc) => fourcc,
        }
    }

    const fn from_fourcc(fourcc: [u8; 4]) -> Self {
        match &fourcc {
            b"VP80" => Self::Vp8,
            b"VP90" => Self::Vp9,
            b"AV01" => Self::Av1,
            _ => Self::Other(fourcc),
        }
    }
}

/// The beginning of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// What the frames are encoded with.
    pub codec: Codec,
    /// Width of the first picture in pixels, 0 when unknown.
    pub width: u16,
    /// Height of the first picture in pixels, 0 when unknown.
    pub height: u16,
    /// Ticks of the frames' times in `timescale` seconds; with a timescale of 1 the ticks per second.
    pub rate: u32,
    /// See `rate`.
    pub timescale: u32,
    /// How long the file is, in ticks. Where a tick is a frame this is the number of frames, as other writers have it with
    /// whatever ticks. Written at the end if the writer can seek, and often wrong in files of others.
    pub length: u32,
}

impl Header {
    /// A header whose times count in the 90 kHz of RTP, so that timestamps are written as they came. The size is filled in
    /// from the first key frame of VP8 and VP9.
    pub const fn new(codec: Codec) -> Self {
        Self {
            codec,
            width: 0,
            height: 0,
            rate: 90_000,
            timescale: 1,
            length: 0,
        }
    }

    /// A time of a frame as time since the beginning; `None` when the header has no usable time base.
    pub fn time(&self, timestamp: u64) -> Option<Duration> {
        let nanos = u128::from(timestamp) * u128::from(self.timescale) * 1_000_000_000;
        let nanos = nanos.checked_div(self.rate.into())?;
        let seconds = u64::try_from(nanos / 1_000_000_000).ok()?;
        let rest = u32::try_from(nanos % 1_000_000_000).ok()?;
        (self.timescale > 0).then(|| Duration::new(seconds, rest))
    }

    /// A time of a frame as RTP timestamp of a clock of so many ticks per second, counted from 0 and wrapping; `None` when the
    /// header has no usable time base.
    pub fn rtp_timestamp(&self, timestamp: u64, clock_rate: u32) -> Option<u32> {
        let time = u128::from(timestamp) * u128::from(self.timescale);
        let ticks = (time * u128::from(clock_rate)).checked_div(self.rate.into())?;
        let [a, b, c, d, ..] = ticks.to_le_bytes();
        (self.timescale > 0).then(|| u32::from_le_bytes([a, b, c, d]))
    }

    fn encode(&self) -> [u8; HEADER_LEN as usize] {
        let mut bytes = [0; HEADER_LEN as usize];
        let fields: [&[u8]; 9] = [
            b"DKIF\0\0",
            &HEADER_LEN.to_le_bytes(),
            &self.codec.fourcc(),
            &self.width.to_le_bytes(),
            &self.height.to_le_bytes(),
            &self.rate.to_le_bytes(),
            &self.timescale.to_le_bytes(),
            &self.length.to_le_bytes(),
            &[0; 4],
        ];
        for (to, from) in bytes.iter_mut().zip(fields.iter().copied().flatten()) {
            *to = *from;
        }
        bytes
    }

    fn decode<R: Read>(input: &mut Input<R>) -> Result<Self, Error> {
        if input.array()? != *b"DKIF" {
            return Err(input.malformed("no IVF file"));
        }
        if u16::from_le_bytes(input.array()?) != 0 {
            return Err(input.malformed("an unknown version of IVF"));
        }
        let len = u16::from_le_bytes(input.array()?);
        let Some(more) = len.checked_sub(HEADER_LEN) else {
            return Err(input.malformed("a header that is too short"));
        };
        let header = Self {
            codec: Codec::from_fourcc(input.array()?),
            width: u16::from_le_bytes(input.array()?),
            height: u16::from_le_bytes(input.array()?),
            rate: u32::from_le_bytes(input.array()?),
            timescale: u32::from_le_bytes(input.array()?),
            length: u32::from_le_bytes(input.array()?),
        };
        input.skip(4 + u64::from(more))?;
        Ok(header)
    }
}

/// A frame, or a temporal unit of AV1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Its time in the header's time base.
    pub timestamp: u64,
    /// The encoded frame.
    pub data: Bytes,
}

/// Reads a file frame by frame. Give it a `BufReader`.
#[derive(Debug)]
pub struct Reader<R> {
    input: Input<R>,
    header: Header,
    max_frame: usize,
}

impl<R: Read> Reader<R> {
    /// The largest frame that is accepted unless told otherwise: 16 MiB.
    pub const MAX_FRAME: usize = 16 << 20;

    /// Reads the header.
    ///
    /// # Errors
    /// The header is not that of an IVF file, or cannot be read.
    pub fn new(inner: R) -> Result<Self, Error> {
        let mut input = Input::new(inner);
        let header = Header::decode(&mut input)?;
        Ok(Self {
            input,
            header,
            max_frame: Self::MAX_FRAME,
        })
    }

    /// Changes the largest frame that is accepted, in bytes. Default [`MAX_FRAME`](Self::MAX_FRAME).
    #[must_use]
    pub const fn with_max_frame(mut self, bytes: usize) -> Self {
        self.max_frame = bytes;
        self
    }

    /// The beginning of the file.
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// The next frame, `None` at the end of the file.
    ///
    /// # Errors
    /// The file ends within the frame, the frame is larger than the limit, or reading fails.
    pub fn next_frame(&mut self) -> Result<Option<Frame>, Error> {
        let mut data = Vec::new();
        let timestamp = self.read_frame(&mut data)?;
        Ok(timestamp.map(|timestamp| Frame {
            timestamp,
            data: data.into(),
        }))
    }

    /// Appends the next frame to `out` and returns its time; `None` at the end of the file.
    ///
    /// # Errors
    /// As [`next_frame`](Self::next_frame); `out` may then have a part of the frame.
    pub fn read_frame(&mut self, out: &mut Vec<u8>) -> Result<Option<u64>, Error> {
        self.input.begin();
        let Some(len) = self.input.optional()? else {
            return Ok(None);
        };
        let timestamp = u64::from_le_bytes(self.input.array()?);
        let len = self.input.bounded(u32::from_le_bytes(len), self.max_frame)?;
        self.input.append(len, out)?;
        Ok(Some(timestamp))
    }

    /// What it reads from.
    pub fn into_inner(self) -> R {
        self.input.into_inner()
    }
}

/// Writes a file frame by frame. Give it a `BufWriter`.
#[derive(Debug)]
pub struct Writer<W> {
    inner: W,
    header: Header,
    /// Bytes written so far.
    len: u64,
    frames: u64,
    first_timestamp: u64,
}

impl<W: Write> Writer<W> {
    /// Writes the header, with whatever length it has: one that cannot seek may know it.
    ///
    /// # Errors
    /// Writing fails.
    pub fn new(mut inner: W, header: Header) -> Result<Self, Error> {
        inner.write_all(&header.encode())?;
        Ok(Self {
            inner,
            header: Header { length: 0, ..header },
            len: HEADER_LEN.into(),
            frames: 0,
            first_timestamp: 0,
        })
    }

    /// The header as it stands: the length written, and the size once it is known.
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// Writes a frame, of AV1 a temporal unit, whose time is in the header's time base.
    ///
    /// # Errors
    /// The frame has 4 GiB or more, or writing fails.
    pub fn write_frame(&mut self, timestamp: u64, frame: &[u8]) -> Result<(), Error> {
        let is_bare = self.header.codec == Codec::Av1 && !frame.starts_with(&TEMPORAL_DELIMITER);
        let delimiter = if is_bare { &TEMPORAL_DELIMITER[..] } else { &[] };
        let len = u32::try_from(delimiter.len() + frame.len())
            .map_err(|_| Error::Unwritable("a frame of 4 GiB or more"))?;
        self.inner.write_all(&len.to_le_bytes())?;
        self.inner.write_all(&timestamp.to_le_bytes())?;
        self.inner.write_all(delimiter)?;
        self.inner.write_all(frame)?;
        self.len += 12 + u64::from(len);
        self.measure(timestamp);
        if self.header.width == 0 {
            self.learn_size(frame);
        }
        Ok(())
    }

    /// The length so far: the last frame is taken to last as long as the others do on average, a single one for a tick.
    fn measure(&mut self, timestamp: u64) {
        if self.frames == 0 {
            self.first_timestamp = timestamp;
        }
        let passed = u128::from(timestamp.saturating_sub(self.first_timestamp));
        let last = passed.checked_div(self.frames.into()).unwrap_or(1);
        self.frames += 1;
        self.header.length = u32::try_from(passed + last).unwrap_or(u32::MAX);
    }

    fn learn_size(&mut self, frame: &[u8]) {
        let size = match self.header.codec {
            Codec::Vp8 => vp8::FrameHeader::decode(frame).map(|header| header.dimensions),
            Codec::Vp9 => vp9::FrameHeader::decode(frame).map(|header| header.dimensions),
            Codec::Av1 | Codec::Other(_) => Ok(None),
        };
        if let Ok(Some((width, height))) = size {
            self.header.width = width;
            self.header.height = height;
        }
    }

    /// What it writes to, without the length and a size learnt later in the header: for what cannot seek.
    pub fn into_inner(self) -> W {
        self.inner
    }
}

impl<W: Write + Seek> Writer<W> {
    /// Writes the size and the length into the header, flushes, and gives back what it wrote to.
    ///
    /// # Errors
    /// Seeking or writing fails.
    pub fn finish(mut self) -> Result<W, Error> {
        let end = self.inner.stream_position()?;
        let start = end.saturating_sub(self.len);
        self.inner.seek(SeekFrom::Start(start + SIZE_AT))?;
        self.inner.write_all(&self.header.width.to_le_bytes())?;
        self.inner.write_all(&self.header.height.to_le_bytes())?;
        self.inner.seek(SeekFrom::Start(start + LENGTH_AT))?;
        self.inner.write_all(&self.header.length.to_le_bytes())?;
        self.inner.seek(SeekFrom::Start(end))?;
        self.inner.flush()?;
        Ok(self.inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::io::Cursor;

    /// Laid out by hand: VP8 of 640 × 480 in milliseconds; a key frame of that size cut after its size, and one byte.
    const FILE: &[u8] = b"DKIF\0\0\x20\0VP80\x80\x02\xe0\x01\xe8\x03\0\0\x01\0\0\0\x42\0\0\0\0\0\0\0\
        \x0a\0\0\0\x05\0\0\0\0\0\0\0\x10\x02\x00\x9d\x01\x2a\x80\x02\xe0\x01\
        \x01\0\0\0\x26\0\0\0\0\0\0\0\x31";
    /// Where the frames begin, and the end.
    const STARTS: [usize; 3] = [32, 54, 67];

    fn header() -> Header {
        Header {
            width: 640,
            height: 480,
            rate: 1000,
            length: 66,
            ..Header::new(Codec::Vp8)
        }
    }

    fn frames() -> [Frame; 2] {
        let data = |bytes: &'static [u8]| Bytes::from_static(bytes);
        [
            Frame {
                timestamp: 5,
                data: data(b"\x10\x02\x00\x9d\x01\x2a\x80\x02\xe0\x01"),
            },
            Frame {
                timestamp: 38,
                data: data(b"\x31"),
            },
        ]
    }

    #[test]
    fn reads_a_file_made_by_hand() {
        let mut reader = Reader::new(FILE).unwrap();
        assert_eq!(*reader.header(), header());
        assert_eq!(reader.header().time(38), Some(Duration::from_millis(38)));
        let [first, second] = frames();
        assert_eq!(reader.next_frame().unwrap(), Some(first));
        assert_eq!(reader.next_frame().unwrap(), Some(second));
        assert_eq!(reader.next_frame().unwrap(), None);
        assert_eq!(reader.next_frame().unwrap(), None);
    }

    #[test]
    fn writes_the_same_file_and_learns_its_size() {
        let unknown = Header {
            width: 0,
            height: 0,
            length: 0,
            ..header()
        };
        let mut writer = Writer::new(Cursor::new(Vec::new()), unknown).unwrap();
        for frame in frames() {
            writer.write_frame(frame.timestamp, &frame.data).unwrap();
        }
        assert_eq!(*writer.header(), header());
        assert_eq!(writer.finish().unwrap().into_inner(), FILE);
    }

    #[test]
    fn a_file_may_begin_within_another() {
        let mut to = Cursor::new(b"before".to_vec());
        to.set_position(6);
        let mut writer = Writer::new(to, header()).unwrap();
        for frame in frames() {
            writer.write_frame(frame.timestamp, &frame.data).unwrap();
        }
        let file = writer.finish().unwrap().into_inner();
        assert_eq!(file.strip_prefix(b"before"), Some(FILE));
    }

    #[test]
    fn temporal_units_begin_with_a_delimiter() {
        let mut writer = Writer::new(Vec::new(), Header::new(Codec::Av1)).unwrap();
        writer.write_frame(0, &[0x0a, 1, 7]).unwrap();
        writer.write_frame(1, &[0x12, 0, 0x0a, 1, 8]).unwrap();
        let file = writer.into_inner();
        let mut reader = Reader::new(&file[..]).unwrap();
        assert_eq!(reader.header().codec, Codec::Av1);
        assert_eq!(
            reader.next_frame().unwrap().unwrap().data,
            &[0x12, 0, 0x0a, 1, 7][..]
        );
        assert_eq!(
            reader.next_frame().unwrap().unwrap().data,
            &[0x12, 0, 0x0a, 1, 8][..]
        );
    }

    #[test]
    fn a_file_cut_anywhere_gives_what_is_whole() {
        for len in 0..FILE.len() {
            let whole = STARTS.iter().filter(|start| **start <= len).count();
            let Ok(mut reader) = Reader::new(&FILE[..len]) else {
                assert!(len < 32, "cut at {len}");
                continue;
            };
            let read: Vec<_> = std::iter::from_fn(|| reader.next_frame().transpose())
                .take(3)
                .collect();
            let good = read.iter().filter(|it| it.is_ok()).count();
            assert_eq!(good + 1, whole.max(1), "cut at {len}");
            assert_eq!(
                read.iter().all(Result::is_ok),
                len < 32 || STARTS.contains(&len),
                "cut at {len}"
            );
        }
    }

    #[test]
    fn hostile_lengths_are_refused() {
        let mut file = FILE[..32].to_vec();
        file.extend_from_slice(b"\xff\xff\xff\xff\0\0\0\0\0\0\0\0");
        let mut reader = Reader::new(&file[..]).unwrap();
        let limit = Reader::<&[u8]>::MAX_FRAME as u64;
        let expected = (u64::from(u32::MAX), limit, 32);
        assert!(
            matches!(reader.next_frame(), Err(Error::TooLarge { len, limit, offset }) if (len, limit, offset) == expected)
        );
        let mut reader = Reader::new(FILE).unwrap().with_max_frame(9);
        assert!(matches!(
            reader.next_frame(),
            Err(Error::TooLarge {
                len: 10,
                limit: 9,
                ..
            })
        ));
    }

    #[test]
    fn refuses_other_files() {
        for (at, byte) in [(0, b'R'), (4, 1), (6, 31)] {
            let mut file = FILE.to_vec();
            file[at] = byte;
            assert!(
                matches!(Reader::new(&file[..]), Err(Error::Malformed { .. })),
                "{at}"
            );
        }
    }

    #[test]
    fn a_longer_header_is_skipped() {
        let mut file = FILE.to_vec();
        file[6] = 35;
        file.splice(32..32, [1, 2, 3]);
        let mut reader = Reader::new(&file[..]).unwrap();
        assert_eq!(reader.next_frame().unwrap().unwrap().timestamp, 5);
    }

    #[test]
    fn time_bases_of_every_kind() {
        let time = |rate, timescale, timestamp| {
            Header {
                rate,
                timescale,
                ..Header::new(Codec::Vp9)
            }
            .time(timestamp)
        };
        assert_eq!(time(90_000, 1, 90_000), Some(Duration::from_secs(1)));
        assert_eq!(time(30_000, 1001, 30), Some(Duration::from_millis(1001)));
        assert_eq!(time(0, 1, 5), None);
        assert_eq!(time(30, 0, 5), None);
        assert_eq!(time(1, u32::MAX, u64::MAX), None);
        let ticks = |rate, timescale, timestamp| {
            let base = Header {
                rate,
                timescale,
                ..Header::new(Codec::Vp9)
            };
            base.rtp_timestamp(timestamp, 90_000)
        };
        assert_eq!(ticks(30, 1, 2), Some(6000));
        assert_eq!(ticks(30_000, 1001, 1), Some(3003));
        assert_eq!(ticks(90_000, 1, (1 << 32) + 5), Some(5));
        assert_eq!(ticks(0, 1, 5), None);
        assert_eq!(ticks(30, 0, 5), None);
    }

    proptest! {
        #[test]
        fn round_trip(
            codec in prop_oneof![Just(Codec::Vp8), Just(Codec::Vp9), any::<[u8; 4]>().prop_map(Codec::from_fourcc)],
            size in any::<(u16, u16)>(),
            base in any::<(u32, u32)>(),
            frames in prop::collection::vec((prop_oneof![any::<u64>(), 0..1000_u64], prop::collection::vec(any::<u8>(), 0..99)), 0..9),
        ) {
            let header = Header { width: size.0.max(1), height: size.1, rate: base.0, timescale: base.1, ..Header::new(codec) };
            let mut writer = Writer::new(Cursor::new(Vec::new()), header).unwrap();
            for (timestamp, data) in &frames {
                writer.write_frame(*timestamp, data).unwrap();
            }
            let file = writer.finish().unwrap().into_inner();
            let mut reader = Reader::new(&file[..]).unwrap();
            let length = reader.header().length;
            prop_assert_eq!(*reader.header(), Header { length, ..header });
            let times = || frames.iter().map(|(timestamp, _)| *timestamp);
            if times().is_sorted() && times().all(|time| time < 1 << 30) && times().count() > 0 {
                let passed = times().max().unwrap() - times().min().unwrap();
                prop_assert!(u64::from(length) >= passed && u64::from(length) <= 2 * passed + 1);
            }
            for (timestamp, data) in frames {
                let data = Bytes::from(data);
                prop_assert_eq!(reader.next_frame().unwrap(), Some(Frame { timestamp, data }));
            }
            prop_assert!(reader.next_frame().unwrap().is_none());
        }

        #[test]
        fn garbage_is_an_error_at_worst(garbage in prop::collection::vec(any::<u8>(), 0..300)) {
            let mut file = FILE[..32].to_vec();
            file.extend_from_slice(&garbage);
            let mut reader = Reader::new(&file[..]).unwrap();
            while let Ok(Some(_)) = reader.next_frame() {}
        }
    }
}
