//! WAV: sound as it is, or as G.711, in RIFF chunks (Microsoft's *Multimedia Programming Interface*, and `ksmedia.h` for the
//! extensible form). Little-endian. Read: PCM of 8, 16, 24 and 32 bits, floats of 32 bits, A-law and µ-law; written: the
//! same, in the plain form where it suffices. Files beyond 4 GiB (RF64) are not supported.

mod format;

use crate::Error;
use crate::input::Input;
use std::io::{Read, Seek, SeekFrom, Write};

pub use format::{Encoding, Format};

/// Bytes of a format chunk that are read at most.
const MAX_FORMAT: usize = 1024;
/// A length that is unknown: the file was written by something that cannot seek.
const UNKNOWN: u32 = u32::MAX;
/// Reads a file. Give it a `BufReader`.
///
/// ```
/// use media::wav::{Encoding, Format, Reader, Writer};
/// use std::io::Cursor;
/// use std::time::Duration;
///
/// let format = Format { encoding: Encoding::MuLaw, channels: 1, sample_rate: 8000 };
/// let mut writer = Writer::new(Cursor::new(Vec::new()), format)?;
/// writer.write_samples(&[0; 400])?;
/// let file = writer.finish()?.into_inner();
///
/// let mut reader = Reader::new(&file[..])?;
/// let frames = reader.format().frames_in(Duration::from_millis(20));
/// let mut payload = Vec::new();
/// assert_eq!(reader.read_frames(frames, &mut payload)?, 160);
/// assert_eq!(payload, [0xff; 160], "ready for an RTP packet");
/// # Ok::<(), media::Error>(())
/// ```
#[derive(Debug)]
pub struct Reader<R> {
    input: Input<R>,
    format: Format,
    /// Bytes of samples to come, `None` when only the end of the file tells.
    rest: Option<u64>,
}

impl<R: Read> Reader<R> {
    /// Reads up to the first sample.
    ///
    /// # Errors
    /// The file is no WAV file, stores its samples in another way, or cannot be read.
    pub fn new(inner: R) -> Result<Self, Error> {
        let mut input = Input::new(inner);
        let [riff, _len, wave]: [[u8; 4]; 3] = [input.array()?, input.array()?, input.array()?];
        if riff != *b"RIFF" || wave != *b"WAVE" {
            return Err(input.malformed("no WAV file"));
        }
        let mut format = None;
        loop {
            input.begin();
            let kind: [u8; 4] = input.array()?;
            let len = u32::from_le_bytes(input.array()?);
            match &kind {
                b"fmt " => format = Some(read_format(&mut input, len)?),
                b"data" => {
                    let format = format.ok_or_else(|| input.malformed("samples in front of their format"))?;
                    let rest = (len != UNKNOWN).then_some(len.into());
                    return Ok(Self { input, format, rest });
                }
                _ => {
                    if !input.skip(u64::from(len) + u64::from(len % 2))? {
                        return Err(input.malformed("no samples"));
                    }
                }
            }
        }
    }

    /// What the file holds.
    pub const fn format(&self) -> &Format {
        &self.format
    }

    /// Samples per channel that are still to come; `None` when the file does not say.
    pub fn remaining_frames(&self) -> Option<u64> {
        Some(self.rest? / self.format.frame_len().max(1) as u64)
    }

    /// Appends up to `count` samples of every channel as they are stored, and returns how many there were: fewer at the end of
    /// the file, then 0. What a file says behind its samples is not read.
    ///
    /// # Errors
    /// The file has ended before its samples do (told once, after the last of them), or reading fails.
    pub fn read_frames(&mut self, count: usize, out: &mut Vec<u8>) -> Result<usize, Error> {
        let frame = self.format.frame_len().max(1);
        let rest = self
            .rest
            .map_or(usize::MAX, |rest| usize::try_from(rest).unwrap_or(usize::MAX));
        let count = count.min(rest / frame);
        let start = out.len();
        self.input.begin();
        let result = self.input.append(count.saturating_mul(frame), out);
        if !matches!(result, Ok(()) | Err(Error::Truncated { .. })) {
            result?;
            return Ok(0);
        }
        let read = (out.len() - start) / frame;
        out.truncate(start + read * frame);
        self.rest = self.rest.map(|rest| rest - (read * frame) as u64);
        match (result, self.rest) {
            (Err(error), Some(_)) if read == 0 => {
                self.rest = Some(0);
                Err(error)
            }
            _ => Ok(read),
        }
    }

    /// As [`read_frames`](Self::read_frames), with every sample as sixteen bits; `count` is for each channel.
    ///
    /// # Errors
    /// As [`read_frames`](Self::read_frames).
    pub fn read_samples(&mut self, count: usize, out: &mut Vec<i16>) -> Result<usize, Error> {
        let mut bytes = Vec::new();
        let read = self.read_frames(count, &mut bytes)?;
        let encoding = self.format.encoding;
        let samples = bytes.chunks_exact(encoding.sample_len().into());
        out.extend(samples.map(|sample| encoding.decode(sample)));
        Ok(read)
    }

    /// What it reads from.
    pub fn into_inner(self) -> R {
        self.input.into_inner()
    }
}

fn read_format<R: Read>(input: &mut Input<R>, len: u32) -> Result<Format, Error> {
    let len = input.bounded(len, MAX_FORMAT)?;
    let mut chunk = Vec::new();
    input.append(len + len % 2, &mut chunk)?;
    Format::decode(&chunk).ok_or_else(|| input.malformed("samples of an unknown kind"))
}

/// Writes a file. Give it a `BufWriter`.
#[derive(Debug)]
pub struct Writer<W> {
    inner: W,
    format: Format,
    /// Bytes in front of the samples.
    header_len: u32,
    /// Bytes of samples.
    len: u32,
    buffer: Vec<u8>,
}

impl<W: Write> Writer<W> {
    /// Writes the header. The lengths in it are unknown until [`finish`](Self::finish), which players accept.
    ///
    /// # Errors
    /// There are no channels, too many, or no samples in a second; or writing fails.
    pub fn new(mut inner: W, format: Format) -> Result<Self, Error> {
        let format = format
            .check()
            .ok_or(Error::Unwritable("no or too many channels, or no sample rate"))?;
        let chunk = format.encode();
        let mut header = b"RIFF\xff\xff\xff\xffWAVEfmt ".to_vec();
        header.extend_from_slice(&u32::try_from(chunk.len()).unwrap_or_default().to_le_bytes());
        header.extend_from_slice(&chunk);
        if chunk.len() > 16 {
            header.extend_from_slice(b"fact\x04\0\0\0\xff\xff\xff\xff");
        }
        header.extend_from_slice(b"data\xff\xff\xff\xff");
        inner.write_all(&header)?;
        let header_len = u32::try_from(header.len()).unwrap_or_default();
        Ok(Self {
            inner,
            format,
            header_len,
            len: 0,
            buffer: Vec::new(),
        })
    }

    /// What the file holds.
    pub const fn format(&self) -> &Format {
        &self.format
    }

    /// Writes samples as they are stored: whole frames, such as the payload of an RTP packet of G.711.
    ///
    /// # Errors
    /// The length is no multiple of [`Format::frame_len`], the file would be 4 GiB or larger, or writing fails.
    pub fn write_frames(&mut self, bytes: &[u8]) -> Result<(), Error> {
        if !bytes.len().is_multiple_of(self.format.frame_len()) {
            return Err(Error::Unwritable("a part of a sample"));
        }
        let len = u32::try_from(bytes.len())
            .ok()
            .and_then(|len| self.len.checked_add(len));
        // A byte of padding may follow.
        let len = len.filter(|len| len.checked_add(self.header_len + 1).is_some());
        self.len = len.ok_or(Error::Unwritable("4 GiB or more"))?;
        self.inner.write_all(bytes)?;
        Ok(())
    }

    /// Writes samples of sixteen bits, of all channels in turn, as the file's encoding has them.
    ///
    /// # Errors
    /// As [`write_frames`](Self::write_frames).
    pub fn write_samples(&mut self, samples: &[i16]) -> Result<(), Error> {
        let mut buffer = std::mem::take(&mut self.buffer);
        buffer.clear();
        for sample in samples {
            self.format.encoding.encode(*sample, &mut buffer);
        }
        let result = self.write_frames(&buffer);
        self.buffer = buffer;
        result
    }

    /// What it writes to, without lengths in the header: for what cannot seek.
    pub fn into_inner(self) -> W {
        self.inner
    }
}

impl<W: Write + Seek> Writer<W> {
    /// Writes the lengths into the header, flushes, and gives back what it wrote to.
    ///
    /// # Errors
    /// Seeking or writing fails.
    pub fn finish(mut self) -> Result<W, Error> {
        let padding = self.len % 2;
        if padding == 1 {
            self.inner.write_all(&[0])?;
        }
        let end = self.inner.stream_position()?;
        let whole = self.header_len + self.len + padding;
        let start = end.saturating_sub(whole.into());
        let frames = self.len / u32::try_from(self.format.frame_len()).unwrap_or(1).max(1);
        let has_fact = self.format.encode().len() > 16;
        let fact = has_fact.then_some((self.header_len - 12, frames));
        let lengths = [Some((4, whole - 8)), fact, Some((self.header_len - 4, self.len))];
        for (at, value) in lengths.into_iter().flatten() {
            self.inner.seek(SeekFrom::Start(start + u64::from(at)))?;
            self.inner.write_all(&value.to_le_bytes())?;
        }
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

    /// Laid out by hand: two channels of 16 bits at 48 kHz, and a chunk of an odd length in front.
    const STEREO: &[u8] = b"RIFF\x38\0\0\0WAVEodd \x03\0\0\0abc\0\
        fmt \x10\0\0\0\x01\0\x02\0\x80\xbb\0\0\x00\xee\x02\0\x04\0\x10\0data\x08\0\0\0\x01\0\x02\0\xff\xff\xfe\xff";
    /// One channel of µ-law at 8 kHz, three samples.
    const TELEPHONE: &[u8] =
        b"RIFF\x36\0\0\0WAVEfmt \x12\0\0\0\x07\0\x01\0\x40\x1f\0\0\x40\x1f\0\0\x01\0\x08\0\0\0\
        fact\x04\0\0\0\x03\0\0\0data\x03\0\0\0\xff\xce\x4e\0";

    const fn format(encoding: Encoding, channels: u16, sample_rate: u32) -> Format {
        Format {
            encoding,
            channels,
            sample_rate,
        }
    }

    fn read(file: &[u8]) -> (Format, Vec<i16>) {
        let mut reader = Reader::new(file).unwrap();
        let mut samples = Vec::new();
        while reader.read_samples(7, &mut samples).unwrap() > 0 {}
        (*reader.format(), samples)
    }

    #[test]
    fn reads_files_made_by_hand() {
        assert_eq!(
            read(STEREO),
            (format(Encoding::Pcm16, 2, 48_000), vec![1, 2, -1, -2])
        );
        assert_eq!(
            read(TELEPHONE),
            (format(Encoding::MuLaw, 1, 8000), vec![0, 988, -988])
        );
        assert_eq!(Reader::new(STEREO).unwrap().remaining_frames(), Some(2));
    }

    #[test]
    fn writes_the_same_files() {
        let mut writer = Writer::new(Cursor::new(Vec::new()), format(Encoding::MuLaw, 1, 8000)).unwrap();
        writer.write_samples(&[0, 1000]).unwrap();
        writer.write_frames(&[0x4e]).unwrap();
        assert_eq!(writer.finish().unwrap().into_inner(), TELEPHONE);
        let mut writer = Writer::new(Cursor::new(Vec::new()), format(Encoding::Pcm16, 2, 48_000)).unwrap();
        writer.write_samples(&[1, 2, -1, -2]).unwrap();
        let mut expected = STEREO.to_vec();
        expected.drain(12..24);
        expected[4] = 0x2c;
        assert_eq!(writer.finish().unwrap().into_inner(), expected);
    }

    #[test]
    fn the_extensible_form() {
        let mut writer = Writer::new(Cursor::new(Vec::new()), format(Encoding::Pcm24, 3, 44_100)).unwrap();
        writer.write_samples(&[1, -2, 300]).unwrap();
        let file = writer.finish().unwrap().into_inner();
        let expected = b"fmt \x28\0\0\0\xfe\xff\x03\0\x44\xac\0\0\x64\x0e\x06\0\x09\0\x18\0\x16\0\x18\0\0\0\0\0\
            \x01\0\0\0\0\0\x10\0\x80\0\0\xaa\0\x38\x9b\x71fact\x04\0\0\0\x01\0\0\0data\x09\0\0\0\0\x01\0\0\xfe\xff\0\x2c\x01\0";
        assert_eq!(&file[12..], expected);
        assert_eq!(
            read(&file),
            (format(Encoding::Pcm24, 3, 44_100), vec![1, -2, 300])
        );
        let mut strange = file;
        strange[50] = 1;
        assert!(matches!(
            Reader::new(&strange[..]),
            Err(Error::Malformed { offset: 12, .. })
        ));
    }

    #[test]
    fn a_file_of_something_that_cannot_seek() {
        let mut writer = Writer::new(Vec::new(), format(Encoding::Pcm16, 1, 16_000)).unwrap();
        writer.write_samples(&[5, 6, 7]).unwrap();
        let mut file = writer.into_inner();
        assert_eq!(Reader::new(&file[..]).unwrap().remaining_frames(), None);
        assert_eq!(read(&file).1, [5, 6, 7]);
        file.push(1);
        assert_eq!(read(&file).1, [5, 6, 7], "half a sample is none");
    }

    #[test]
    fn a_file_cut_anywhere_gives_what_is_whole() {
        let samples = STEREO.len() - 8;
        for len in 0..STEREO.len() {
            let Ok(mut reader) = Reader::new(&STEREO[..len]) else {
                assert!(len < samples, "cut at {len}");
                continue;
            };
            let mut bytes = Vec::new();
            let count = (len - samples) / 4;
            if count > 0 {
                assert_eq!(reader.read_frames(9, &mut bytes).unwrap(), count, "cut at {len}");
            }
            assert!(
                matches!(reader.read_frames(9, &mut bytes), Err(Error::Truncated { .. })),
                "cut at {len}"
            );
            assert_eq!(reader.read_frames(9, &mut bytes).unwrap(), 0, "told once");
            assert_eq!(bytes.len(), 4 * count);
        }
    }

    #[test]
    fn refuses_what_it_does_not_know() {
        let at = STEREO.len() - 32;
        assert_eq!(STEREO[at], 1, "the format's number");
        for (at, value) in [
            (0, b'X'),
            (9, b'X'),
            (at, 2),
            (at + 2, 0),
            (at + 2, 3),
            (at + 12, 5),
            (at + 14, 12),
        ] {
            let mut file = STEREO.to_vec();
            file[at] = value;
            assert!(
                matches!(Reader::new(&file[..]), Err(Error::Malformed { .. })),
                "{value} at {at}"
            );
        }
        let mut file = STEREO.to_vec();
        file[at - 2] = 1;
        assert!(matches!(
            Reader::new(&file[..]),
            Err(Error::TooLarge { limit: 1024, .. })
        ));
        file.splice(12.., *b"data\x04\0\0\0abcd");
        assert!(
            matches!(Reader::new(&file[..]), Err(Error::Malformed { .. })),
            "no format"
        );
        file.splice(12.., *b"LIST\xff\xff\xff\xffabcd");
        assert!(
            matches!(Reader::new(&file[..]), Err(Error::Malformed { .. })),
            "a chunk that is longer than the file"
        );
    }

    #[test]
    fn refuses_what_does_not_fit() {
        let writer = |channels, rate| Writer::new(Vec::new(), format(Encoding::Pcm32, channels, rate));
        assert!(writer(0, 8000).is_err());
        assert!(writer(1, 0).is_err());
        assert!(writer(16_384, 8000).is_err());
        let mut writer = writer(2, 8000).unwrap();
        assert!(writer.write_frames(&[0; 12]).is_err());
        writer.len = u32::MAX - 80;
        assert!(writer.write_frames(&[0; 32]).is_err());
    }

    #[test]
    fn loud_floats_are_limited() {
        let encode = |value: f32| Encoding::Float32.decode(&value.to_le_bytes());
        assert_eq!(
            [2.0, -2.0, 0.5, f32::NAN].map(encode),
            [32_767, -32_768, 16_384, 0]
        );
    }

    proptest! {
        #[test]
        fn round_trip(
            encoding in prop::sample::select(&[Encoding::Pcm8, Encoding::Pcm16, Encoding::Pcm24, Encoding::Pcm32, Encoding::Float32, Encoding::ALaw, Encoding::MuLaw][..]),
            channels in 1..6_u16, sample_rate in 1..u32::MAX, samples in prop::collection::vec(any::<i16>(), 0..99),
        ) {
            let format = format(encoding, channels, sample_rate);
            let len = samples.len() - samples.len() % usize::from(channels);
            let mut writer = Writer::new(Cursor::new(Vec::new()), format).unwrap();
            writer.write_samples(&samples[..len]).unwrap();
            let file = writer.finish().unwrap().into_inner();
            let (read_format, read_samples) = read(&file);
            prop_assert_eq!(read_format, format);
            let expected: Vec<_> = samples[..len].iter().map(|sample| {
                let mut bytes = Vec::new();
                encoding.encode(*sample, &mut bytes);
                encoding.decode(&bytes)
            }).collect();
            prop_assert_eq!(&read_samples, &expected);
            if matches!(encoding, Encoding::Pcm16 | Encoding::Pcm24 | Encoding::Pcm32 | Encoding::Float32) {
                prop_assert_eq!(&expected, &samples[..len]);
            }
        }

        #[test]
        fn garbage_is_an_error_at_worst(garbage in prop::collection::vec(any::<u8>(), 0..300), at in 8..44_usize) {
            let mut file = STEREO.to_vec();
            for (to, from) in file.iter_mut().skip(at).zip(garbage) {
                *to = from;
            }
            if let Ok(mut reader) = Reader::new(&file[..]) {
                while let Ok(1..) = reader.read_frames(5, &mut Vec::new()) {}
            }
        }
    }
}
