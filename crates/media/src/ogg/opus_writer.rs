//! Opus packets into a file (RFC 7845 §3, §4), also straight from RTP with what was lost.

use super::track::Track;
use super::{OpusHead, OpusStream, OpusTags};
use crate::Error;
use std::io::Write;

/// Where an RTP packet went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Placed {
    /// Right behind the one before.
    InOrder,
    /// Behind a gap of so many samples, which was filled with packets for which decoders conceal.
    AfterGap(u32),
    /// Right behind the one before, although its timestamp is more than a minute away: the source has begun anew.
    Restarted,
    /// Nowhere: later packets have been written already. Reorder them before, with a [`JitterBuffer`](crate::JitterBuffer).
    TooLate,
}

/// Writes an Ogg file of one Opus stream. Give it a `File`: it writes a page per second.
///
/// ```
/// use media::ogg::{OpusHead, OpusReader, OpusWriter, Placed};
///
/// let mut writer = OpusWriter::new(Vec::new(), &OpusHead::new(2))?;
/// let packet = [0xfc, 1, 2, 3]; // 20 ms, which is 960 samples
/// assert_eq!(writer.write_rtp(1000, &packet)?, Placed::InOrder);
/// assert_eq!(writer.write_rtp(1960, &packet)?, Placed::InOrder);
/// assert_eq!(writer.write_rtp(3880, &packet)?, Placed::AfterGap(960));
/// let file = writer.finish()?;
///
/// let mut reader = OpusReader::new(&file[..])?;
/// let mut count = 0;
/// while let Some(packet) = reader.next_packet()? {
///     assert_eq!(packet.position, 960 * count);
///     count += 1;
/// }
/// assert_eq!(count, 4);
/// # Ok::<(), media::Error>(())
/// ```
#[derive(Debug)]
pub struct OpusWriter<W> {
    output: Output<W>,
    track: Track,
}

impl<W: Write> OpusWriter<W> {
    /// Writes the headers, with the default tags and serial number 1.
    ///
    /// # Errors
    /// The head contradicts itself, or writing fails.
    pub fn new(inner: W, head: &OpusHead) -> Result<Self, Error> {
        Self::with_tags(inner, head, &OpusTags::default(), 1)
    }

    /// Writes the headers. Streams that are joined into one file later need different serial numbers.
    ///
    /// # Errors
    /// The head contradicts itself, or writing fails.
    pub fn with_tags(inner: W, head: &OpusHead, tags: &OpusTags, serial: u32) -> Result<Self, Error> {
        let mut output = Output::new(inner);
        let mut track = Track::new(serial, head, &mut output.pages)?;
        track.write_tags(tags, &mut output.pages);
        output.write()?;
        Ok(Self { output, track })
    }

    /// Where the packets written so far end, in samples at 48 kHz.
    pub const fn position(&self) -> u64 {
        self.track.position()
    }

    /// Writes a packet behind the ones before.
    ///
    /// # Errors
    /// It is no Opus packet, or writing fails.
    pub fn write_packet(&mut self, packet: &[u8]) -> Result<(), Error> {
        self.track.write_packet(packet, &mut self.output.pages)?;
        self.output.write()
    }

    /// Writes packets that stand for lost ones of so many samples in all, for which decoders conceal (RFC 7845 §4.1). They
    /// look like the packet before; in front of the first packet nothing is written.
    ///
    /// # Errors
    /// Writing fails.
    pub fn write_gap(&mut self, samples: u32) -> Result<(), Error> {
        self.track.write_gap(samples, &mut self.output.pages)?;
        self.output.write()
    }

    /// Writes the payload of an RTP packet (RFC 7587) where its timestamp says, with what is missing before it concealed.
    ///
    /// # Errors
    /// It is no Opus packet, or writing fails.
    pub fn write_rtp(&mut self, timestamp: u32, payload: &[u8]) -> Result<Placed, Error> {
        let placed = self.track.write_rtp(timestamp, payload, &mut self.output.pages)?;
        self.output.write()?;
        Ok(placed)
    }

    /// Ends the stream, flushes, and gives back what it wrote to. A file without this is readable too, up to its last second.
    ///
    /// # Errors
    /// Writing fails.
    pub fn finish(self) -> Result<W, Error> {
        self.finish_trimmed(0)
    }

    /// As [`finish`](Self::finish), with so many samples at the end that are not to be played (RFC 7845 §4.4): the sound ends
    /// within its last packet. No more than the last page can be left out.
    ///
    /// # Errors
    /// Writing fails.
    pub fn finish_trimmed(mut self, samples: u32) -> Result<W, Error> {
        self.track.finish(samples, &mut self.output.pages);
        self.output.finish()
    }
}

/// Writes an Ogg file of several Opus streams that play at the same time: the voices of a call, each for itself. Such a file
/// is called `.ogg` or `.oga`, not `.opus` (RFC 7845 §9).
///
/// ```
/// use media::ogg::{OpusHead, OpusMultiWriter, OpusReader, OpusStream, OpusTags};
///
/// let voice = |serial, name: &str| OpusStream {
///     serial,
///     head: OpusHead::new(1),
///     tags: OpusTags { comments: vec![format!("ARTIST={name}")], ..OpusTags::default() },
/// };
/// let mut writer = OpusMultiWriter::new(Vec::new(), &[voice(1, "Alice"), voice(2, "Bob")])?;
/// writer.write_rtp(0, 4711, &[0xf8, 1])?;
/// writer.write_rtp(1, 815, &[0xf8, 2])?;
/// assert!(writer.write_rtp(2, 0, &[0xf8, 3]).is_err(), "there are two");
/// let file = writer.finish()?;
///
/// let mut reader = OpusReader::new(&file[..])?;
/// assert_eq!(reader.streams()[1].tags.get("artist"), Some("Bob"));
/// assert_eq!(reader.next_packet()?.expect("two packets").stream, 0);
/// assert_eq!(reader.next_packet()?.expect("two packets").stream, 1);
/// # Ok::<(), media::Error>(())
/// ```
#[derive(Debug)]
pub struct OpusMultiWriter<W> {
    output: Output<W>,
    tracks: Vec<Track>,
}

impl<W: Write> OpusMultiWriter<W> {
    /// Writes the headers of all streams.
    ///
    /// # Errors
    /// There is no stream, two have the same serial number, a head contradicts itself, or writing fails.
    pub fn new(inner: W, streams: &[OpusStream]) -> Result<Self, Error> {
        let mut serials: Vec<u32> = streams.iter().map(|stream| stream.serial).collect();
        serials.sort_unstable();
        serials.dedup();
        if serials.len() != streams.len() || streams.is_empty() {
            return Err(Error::Unwritable("no stream, or two of one serial number"));
        }
        let mut output = Output::new(inner);
        let mut tracks = Vec::new();
        // RFC 3533 §4: the first pages of all streams come first.
        for stream in streams {
            tracks.push(Track::new(stream.serial, &stream.head, &mut output.pages)?);
        }
        for (track, stream) in tracks.iter_mut().zip(streams) {
            track.write_tags(&stream.tags, &mut output.pages);
        }
        output.write()?;
        Ok(Self { output, tracks })
    }

    /// Where the packets of a stream end, in samples at 48 kHz; `None` when there is no such stream.
    pub fn position(&self, stream: usize) -> Option<u64> {
        self.tracks.get(stream).map(Track::position)
    }

    /// As [`OpusWriter::write_packet`], for a stream by its place in the list.
    ///
    /// # Errors
    /// There is no such stream, it is no Opus packet, or writing fails.
    pub fn write_packet(&mut self, stream: usize, packet: &[u8]) -> Result<(), Error> {
        let track = self.tracks.get_mut(stream).ok_or(NO_STREAM)?;
        track.write_packet(packet, &mut self.output.pages)?;
        self.output.write()
    }

    /// As [`OpusWriter::write_gap`], for a stream by its place in the list: also to keep one that is silent beside the others.
    ///
    /// # Errors
    /// There is no such stream, or writing fails.
    pub fn write_gap(&mut self, stream: usize, samples: u32) -> Result<(), Error> {
        let track = self.tracks.get_mut(stream).ok_or(NO_STREAM)?;
        track.write_gap(samples, &mut self.output.pages)?;
        self.output.write()
    }

    /// As [`OpusWriter::write_rtp`], for a stream by its place in the list.
    ///
    /// # Errors
    /// There is no such stream, it is no Opus packet, or writing fails.
    pub fn write_rtp(&mut self, stream: usize, timestamp: u32, payload: &[u8]) -> Result<Placed, Error> {
        let track = self.tracks.get_mut(stream).ok_or(NO_STREAM)?;
        let placed = track.write_rtp(timestamp, payload, &mut self.output.pages)?;
        self.output.write()?;
        Ok(placed)
    }

    /// Ends all streams, flushes, and gives back what it wrote to.
    ///
    /// # Errors
    /// Writing fails.
    pub fn finish(mut self) -> Result<W, Error> {
        for track in &mut self.tracks {
            track.finish(0, &mut self.output.pages);
        }
        self.output.finish()
    }
}

const NO_STREAM: Error = Error::Unwritable("no stream of that number");

/// Where pages go.
#[derive(Debug)]
struct Output<W> {
    inner: W,
    /// Pages that are complete.
    pages: Vec<u8>,
}

impl<W: Write> Output<W> {
    const fn new(inner: W) -> Self {
        Self {
            inner,
            pages: Vec::new(),
        }
    }

    fn write(&mut self) -> Result<(), Error> {
        if !self.pages.is_empty() {
            self.inner.write_all(&self.pages)?;
            self.pages.clear();
        }
        Ok(())
    }

    fn finish(mut self) -> Result<W, Error> {
        self.write()?;
        self.inner.flush()?;
        Ok(self.inner)
    }
}
