//! Opus packets with their places in time (RFC 7845 §3, §4).

use super::packet::{Packet, PacketReader};
use super::page_reader::PageStats;
use super::{OpusHead, OpusTags, PageEnd, opus_samples};
use crate::{DecodeError, Error};
use bytes::Bytes;
use std::collections::VecDeque;
use std::io::Read;
use std::time::Duration;

/// Opus streams of a file, also one after the other; further ones are left out.
const MAX_STREAMS: usize = 256;
/// Bytes of a packet per Opus stream in it, beyond which it counts as malformed (RFC 7845 §6).
const MAX_PER_STREAM: usize = 61_440;

/// An Opus stream of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpusStream {
    /// Its serial number in the file.
    pub serial: u32,
    /// How to decode it.
    pub head: OpusHead,
    /// What is told about it; the default until it has been read, right after the head.
    pub tags: OpusTags,
}

/// A packet for the decoder, or for RTP when the stream has family 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpusPacket {
    /// Which stream it belongs to, as an index into [`OpusReader::streams`].
    pub stream: usize,
    /// Its bytes.
    pub data: Bytes,
    /// Where it begins in its stream, in samples at 48 kHz; the first [`OpusHead::pre_skip`] of a stream are not played.
    pub position: u64,
    /// How long it is, in samples at 48 kHz.
    pub samples: u32,
    /// How many of its last samples are not played, since the stream ends before them (RFC 7845 §4.4).
    pub trimmed: u32,
    /// Packets before it are missing from the file.
    pub follows_gap: bool,
}

impl OpusPacket {
    /// How long it is.
    pub fn duration(&self) -> Duration {
        Duration::from_micros(u64::from(self.samples) * 125 / 6)
    }
}

/// Reads the Opus streams of a file and leaves out others. Give it a `File`: it reads in steps of 8 KiB.
///
/// ```no_run
/// use media::ogg::OpusReader;
///
/// let mut reader = OpusReader::new(std::fs::File::open("music.ogg")?)?;
/// println!("{} channels", reader.streams()[0].head.channels);
/// let mut timestamp = 0_u32;
/// while let Some(packet) = reader.next_packet()? {
///     // Send `packet.data` in one RTP packet at `timestamp`, then wait for `packet.duration()`.
///     timestamp = timestamp.wrapping_add(packet.samples);
/// }
/// # Ok::<(), media::Error>(())
/// ```
#[derive(Debug)]
pub struct OpusReader<R> {
    packets: PacketReader<R>,
    streams: Vec<OpusStream>,
    places: Vec<Place>,
    /// Packets of the page that is being read.
    page: Vec<Packet>,
    ready: VecDeque<OpusPacket>,
    malformed: u64,
}

/// How far a stream has come.
#[derive(Debug, Default)]
struct Place {
    has_tags: bool,
    /// Where the packets read so far end, in samples.
    end: Option<u64>,
}

impl<R: Read> OpusReader<R> {
    /// Reads the headers of the Opus streams that the file begins with.
    ///
    /// # Errors
    /// The file is not Ogg, has no Opus stream, one with bad headers, or cannot be read.
    pub fn new(inner: R) -> Result<Self, Error> {
        let mut reader = Self {
            packets: PacketReader::new(inner),
            streams: Vec::new(),
            places: Vec::new(),
            page: Vec::new(),
            ready: VecDeque::new(),
            malformed: 0,
        };
        while !reader.has_begun() {
            if !reader.advance()? {
                let offset = reader.packets.offset();
                let reason = "the file ends without an Opus stream";
                return Err(Error::Malformed { reason, offset });
            }
        }
        Ok(reader)
    }

    /// Whether the headers have been read: of all streams that begin together, unless sound comes before.
    fn has_begun(&self) -> bool {
        let mut told = self.places.iter().map(|place| place.has_tags);
        told.clone().any(|has_tags| has_tags) && (told.all(|has_tags| has_tags) || !self.ready.is_empty())
    }

    /// The Opus streams found so far. Those that play at the same time stand at the beginning of a file and are known at
    /// once; those that follow one after the other (chained files) are added when they come, at most 256 in all.
    pub fn streams(&self) -> &[OpusStream] {
        &self.streams
    }

    /// What was wrong with the file so far.
    pub const fn stats(&self) -> &PageStats {
        self.packets.stats()
    }

    /// Packets left out because they were malformed: without a duration or larger than 61,440 bytes per stream in them.
    pub const fn malformed(&self) -> u64 {
        self.malformed
    }

    /// The next packet of whichever stream, in the order of the file; `None` at its end.
    ///
    /// # Errors
    /// A stream has bad headers, the file ends within a page, too much of it is damaged, or reading fails.
    pub fn next_packet(&mut self) -> Result<Option<OpusPacket>, Error> {
        while self.ready.is_empty() {
            if !self.advance()? {
                return Ok(None);
            }
        }
        Ok(self.ready.pop_front())
    }

    /// Reads a packet of the file; false at its end.
    fn advance(&mut self) -> Result<bool, Error> {
        let Some(packet) = self.packets.next_packet()? else {
            return Ok(false);
        };
        if packet.is_first {
            if OpusHead::matches(&packet.data) && self.streams.len() < MAX_STREAMS {
                let head = OpusHead::decode(&packet.data).map_err(|error| self.malformed_header(error))?;
                self.streams.push(OpusStream {
                    serial: packet.serial,
                    head,
                    tags: OpusTags::default(),
                });
                self.places.push(Place::default());
            }
            return Ok(true);
        }
        // The last one: chained streams may use a serial again.
        let Some(stream) = self
            .streams
            .iter()
            .rposition(|stream| stream.serial == packet.serial)
        else {
            return Ok(true);
        };
        if self.places.get(stream).is_some_and(|place| place.has_tags) {
            let end = packet.page_end;
            self.page.push(packet);
            if let Some(end) = end {
                self.finish_page(stream, end);
            }
        } else {
            self.handle_tags(stream, &packet)?;
        }
        Ok(true)
    }

    fn handle_tags(&mut self, stream: usize, packet: &Packet) -> Result<(), Error> {
        let tags = OpusTags::decode(&packet.data).map_err(|error| self.malformed_header(error))?;
        if let Some(stream) = self.streams.get_mut(stream) {
            stream.tags = tags;
        }
        if let Some(place) = self.places.get_mut(stream) {
            place.has_tags = true;
        }
        Ok(())
    }

    fn malformed_header(&self, error: DecodeError) -> Error {
        let offset = self.packets.offset();
        Error::Malformed {
            reason: error.reason,
            offset,
        }
    }

    /// Places the packets of a page in time, from its end backwards; on the last page, whose end may lie within a packet,
    /// forwards from the page before.
    fn finish_page(&mut self, stream: usize, end: PageEnd) {
        let (Some(place), Some(known)) = (self.places.get_mut(stream), self.streams.get(stream)) else {
            return;
        };
        let limit = MAX_PER_STREAM * usize::from(known.head.streams());
        let samples = |packet: &Packet| opus_samples(&packet.data).filter(|_| packet.data.len() <= limit);
        let total: u64 = self.page.iter().filter_map(samples).map(u64::from).sum();
        let forwards = place.end.unwrap_or(0);
        let backwards = end
            .granule_position
            .and_then(|position| position.checked_sub(total));
        let has_gap = self.page.iter().any(|packet| packet.follows_gap);
        let mut position = match backwards {
            Some(start) if !end.is_last || place.end.is_none() || has_gap => start,
            _ => forwards,
        };
        let stop = end.granule_position.filter(|_| end.is_last).unwrap_or(u64::MAX);
        for packet in self.page.drain(..) {
            let Some(samples) = samples(&packet) else {
                self.malformed += 1;
                continue;
            };
            let after = position.saturating_add(samples.into());
            let trimmed = after.saturating_sub(stop.max(position));
            self.ready.push_back(OpusPacket {
                stream,
                data: packet.data,
                position,
                samples,
                trimmed: u32::try_from(trimmed).unwrap_or(samples),
                follows_gap: packet.follows_gap,
            });
            position = after;
        }
        place.end = Some(position);
    }
}

#[cfg(test)]
mod tests;
