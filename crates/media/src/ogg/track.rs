//! One Opus stream on its way into a file: packets into pages, with their places in time (RFC 3533 §5, RFC 7845 §4).

use super::opus_writer::Placed;
use super::page::Page;
use super::toc::opus_samples;
use super::{OpusHead, OpusTags, gap};
use crate::Error;

/// Samples after which a page is written: one second, so that a file can be searched and little is lost in a crash.
const PAGE_SAMPLES: u64 = 48_000;
/// The longest gap in RTP timestamps that is filled, in samples: a minute. Beyond it the source has begun anew.
const MAX_GAP: u32 = 60 * 48_000;

/// A stream. Pages that are full are appended to a buffer.
#[derive(Debug)]
pub(super) struct Track {
    pages: Pages,
    /// Where the packets written so far end, in samples.
    end: u64,
    /// First byte of the last packet.
    toc: Option<u8>,
    /// RTP timestamp at which the next packet is expected.
    timestamp: Option<u32>,
}

impl Track {
    /// Begins with the page of the head.
    pub(super) fn new(serial: u32, head: &OpusHead, out: &mut Vec<u8>) -> Result<Self, Error> {
        head.check().map_err(Error::Unwritable)?;
        let mut pages = Pages::new(serial);
        let mut packet = Vec::new();
        head.encode(&mut packet);
        pages.push(&packet, 0, out);
        pages.end_page(false, out);
        Ok(Self {
            pages,
            end: 0,
            toc: None,
            timestamp: None,
        })
    }

    /// Goes on with the pages of the tags.
    pub(super) fn write_tags(&mut self, tags: &OpusTags, out: &mut Vec<u8>) {
        let mut packet = Vec::new();
        tags.encode(&mut packet);
        self.pages.push(&packet, 0, out);
        self.pages.end_page(false, out);
    }

    pub(super) const fn position(&self) -> u64 {
        self.end
    }

    pub(super) fn write_packet(&mut self, packet: &[u8], out: &mut Vec<u8>) -> Result<(), Error> {
        let samples = opus_samples(packet).ok_or(MALFORMED)?;
        if self.end - self.pages.start >= PAGE_SAMPLES {
            self.pages.end_page(false, out);
            self.pages.start = self.end;
        }
        self.end += u64::from(samples);
        self.toc = packet.first().copied();
        self.timestamp = self.timestamp.map(|timestamp| timestamp.wrapping_add(samples));
        self.pages.push(packet, self.end, out);
        Ok(())
    }

    pub(super) fn write_gap(&mut self, samples: u32, out: &mut Vec<u8>) -> Result<(), Error> {
        let Some(toc) = self.toc else {
            return Ok(());
        };
        gap::fill(toc, samples).try_for_each(|toc| self.write_packet(&[toc], out))
    }

    pub(super) fn write_rtp(
        &mut self,
        timestamp: u32,
        payload: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<Placed, Error> {
        let ahead = timestamp.wrapping_sub(self.timestamp.unwrap_or(timestamp));
        let behind = ahead.wrapping_neg();
        let placed = match (ahead, behind) {
            (0, _) => Placed::InOrder,
            (1..=MAX_GAP, _) => Placed::AfterGap(ahead),
            (_, 1..=MAX_GAP) => return Ok(Placed::TooLate),
            _ => Placed::Restarted,
        };
        opus_samples(payload).ok_or(MALFORMED)?;
        if let Placed::AfterGap(samples) = placed {
            self.write_gap(gap::fillable(samples), out)?;
        }
        self.timestamp = Some(timestamp);
        self.write_packet(payload, out)?;
        Ok(placed)
    }

    /// Writes the last page, with so many samples at the end that are not to be played.
    pub(super) fn finish(&mut self, trimmed: u32, out: &mut Vec<u8>) {
        let end = self.end.saturating_sub(trimmed.into());
        self.pages.granule_position = Some(end.max(self.pages.start));
        self.pages.end_page(true, out);
    }
}

const MALFORMED: Error = Error::Unwritable("a malformed Opus packet");

/// Packets into pages (RFC 3533 §5).
#[derive(Debug)]
struct Pages {
    serial: u32,
    sequence: u32,
    lacing: Vec<u8>,
    data: Vec<u8>,
    is_continued: bool,
    granule_position: Option<u64>,
    /// Where the page begins, in samples.
    start: u64,
}

impl Pages {
    const fn new(serial: u32) -> Self {
        Self {
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
    fn push(&mut self, packet: &[u8], granule_position: u64, out: &mut Vec<u8>) {
        // A packet that ends on a boundary of 255 bytes needs one more segment, without bytes.
        let (full, rest) = packet.as_chunks::<255>();
        let segments = full.iter().map(|it| &it[..]).chain(std::iter::once(rest));
        for (place, segment) in segments.enumerate() {
            if self.lacing.len() == 255 {
                self.end_page(false, out);
                self.is_continued = place > 0;
            }
            self.lacing.push(u8::try_from(segment.len()).unwrap_or(u8::MAX));
            self.data.extend_from_slice(segment);
        }
        self.granule_position = Some(granule_position);
    }

    /// Writes the page as it is.
    fn end_page(&mut self, is_last: bool, out: &mut Vec<u8>) {
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
        page.encode(out);
        self.sequence = self.sequence.wrapping_add(1);
        self.lacing.clear();
        self.data.clear();
        self.is_continued = false;
        self.granule_position = None;
    }
}
