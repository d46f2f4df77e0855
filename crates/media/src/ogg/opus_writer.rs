//! Opus packets into a file (RFC 7845 §3, §4), also straight from RTP with what was lost.

use super::gap;
use super::page::Page;
use super::toc::opus_samples;
use super::{OpusHead, OpusTags};
use crate::Error;
use std::io::Write;

/// Samples after which a page is written: one second, so that a file can be searched and little is lost in a crash.
const PAGE_SAMPLES: u64 = 48_000;
/// The longest gap in RTP timestamps that is filled, in samples: a minute. Beyond it the source has begun anew.
const MAX_GAP: u32 = 60 * 48_000;

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
    pages: Pages<W>,
    /// Where the packets written so far end, in samples.
    end: u64,
    /// First byte of the last packet.
    toc: Option<u8>,
    /// RTP timestamp at which the next packet is expected.
    timestamp: Option<u32>,
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
        head.check().map_err(Error::Unwritable)?;
        let mut pages = Pages::new(inner, serial);
        let mut packet = Vec::new();
        head.encode(&mut packet);
        pages.push(&packet, 0)?;
        pages.end_page(false)?;
        packet.clear();
        tags.encode(&mut packet);
        pages.push(&packet, 0)?;
        pages.end_page(false)?;
        Ok(Self {
            pages,
            end: 0,
            toc: None,
            timestamp: None,
        })
    }

    /// Where the packets written so far end, in samples at 48 kHz.
    pub const fn position(&self) -> u64 {
        self.end
    }

    /// Writes a packet behind the ones before.
    ///
    /// # Errors
    /// It is no Opus packet, or writing fails.
    pub fn write_packet(&mut self, packet: &[u8]) -> Result<(), Error> {
        let samples = opus_samples(packet).ok_or(Error::Unwritable("a malformed Opus packet"))?;
        if self.end - self.pages.start >= PAGE_SAMPLES {
            self.pages.end_page(false)?;
            self.pages.start = self.end;
        }
        self.end += u64::from(samples);
        self.toc = packet.first().copied();
        self.timestamp = self.timestamp.map(|timestamp| timestamp.wrapping_add(samples));
        self.pages.push(packet, self.end)
    }

    /// Writes packets that stand for lost ones of so many samples in all, for which decoders conceal (RFC 7845 §4.1). They
    /// look like the packet before; in front of the first packet nothing is written.
    ///
    /// # Errors
    /// Writing fails.
    pub fn write_gap(&mut self, samples: u32) -> Result<(), Error> {
        let Some(toc) = self.toc else {
            return Ok(());
        };
        gap::fill(toc, samples).try_for_each(|toc| self.write_packet(&[toc]))
    }

    /// Writes the payload of an RTP packet (RFC 7587) where its timestamp says, with what is missing before it concealed.
    ///
    /// # Errors
    /// It is no Opus packet, or writing fails.
    pub fn write_rtp(&mut self, timestamp: u32, payload: &[u8]) -> Result<Placed, Error> {
        let ahead = timestamp.wrapping_sub(self.timestamp.unwrap_or(timestamp));
        let behind = ahead.wrapping_neg();
        let placed = match (ahead, behind) {
            (0, _) => Placed::InOrder,
            (1..=MAX_GAP, _) => Placed::AfterGap(ahead),
            (_, 1..=MAX_GAP) => return Ok(Placed::TooLate),
            _ => Placed::Restarted,
        };
        if opus_samples(payload).is_none() {
            return Err(Error::Unwritable("a malformed Opus packet"));
        }
        if let Placed::AfterGap(samples) = placed {
            self.write_gap(gap::fillable(samples))?;
        }
        self.timestamp = Some(timestamp);
        self.write_packet(payload)?;
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
        let end = self.end.saturating_sub(samples.into());
        self.pages.granule_position = Some(end.max(self.pages.start));
        self.pages.end_page(true)?;
        self.pages.inner.flush()?;
        Ok(self.pages.inner)
    }
}

/// Packets into pages (RFC 3533 §5).
#[derive(Debug)]
struct Pages<W> {
    inner: W,
    serial: u32,
    sequence: u32,
    lacing: Vec<u8>,
    data: Vec<u8>,
    is_continued: bool,
    granule_position: Option<u64>,
    /// Where the page begins, in samples.
    start: u64,
}

impl<W: Write> Pages<W> {
    const fn new(inner: W, serial: u32) -> Self {
        Self {
            inner,
            serial,
            sequence: 0,
            lacing: Vec::new(),
            data: Vec::new(),
            is_continued: false,
            granule_position: None,
            start: 0,
        }
    }

    /// Adds a packet after which the stream stands at `granule_position`, and writes the pages that are full.
    fn push(&mut self, packet: &[u8], granule_position: u64) -> Result<(), Error> {
        // A packet that ends on a boundary of 255 bytes needs one more segment, without bytes.
        let (full, rest) = packet.as_chunks::<255>();
        let segments = full.iter().map(|it| &it[..]).chain(std::iter::once(rest));
        for (place, segment) in segments.enumerate() {
            if self.lacing.len() == 255 {
                self.end_page(false)?;
                self.is_continued = place > 0;
            }
            self.lacing.push(u8::try_from(segment.len()).unwrap_or(u8::MAX));
            self.data.extend_from_slice(segment);
        }
        self.granule_position = Some(granule_position);
        Ok(())
    }

    /// Writes the page as it is.
    fn end_page(&mut self, is_last: bool) -> Result<(), Error> {
        let mut bytes = Vec::with_capacity(super::page::HEADER_LEN + self.lacing.len() + self.data.len());
        let page = Page {
            is_continued: self.is_continued,
            is_first: self.sequence == 0,
            is_last,
            granule_position: self.granule_position,
            serial: self.serial,
            sequence: self.sequence,
            lacing: &self.lacing,
            data: &self.data,
        };
        page.encode(&mut bytes);
        self.inner.write_all(&bytes)?;
        self.sequence = self.sequence.wrapping_add(1);
        self.lacing.clear();
        self.data.clear();
        self.is_continued = false;
        self.granule_position = None;
        Ok(())
    }
}
