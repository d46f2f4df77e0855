//! Packets out of pages (RFC 3533 §5): of every logical stream in the file, be they interleaved or one after the other.

use super::page::Page;
use super::page_reader::{PageReader, PageStats};
use crate::Error;
use bytes::Bytes;
use std::collections::VecDeque;
use std::io::Read;

/// Logical streams that are followed at the same time; pages of further ones are left out.
const MAX_STREAMS: usize = 16;

/// What a page says at its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageEnd {
    /// Where the stream stands after the packet, in the codec's units; `None` when the file does not say.
    pub granule_position: Option<u64>,
    /// It was the last page of its stream.
    pub is_last: bool,
}

/// A packet of a logical stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packet {
    /// Which logical stream it belongs to.
    pub serial: u32,
    /// Its bytes.
    pub data: Bytes,
    /// It is the first of its stream and tells the codec.
    pub is_first: bool,
    /// Packets between the one before and this one are missing from the file.
    pub follows_gap: bool,
    /// Set on the last packet that ends on a page.
    pub page_end: Option<PageEnd>,
}

/// Takes the packets of all streams out of a file.
#[derive(Debug)]
pub struct PacketReader<R> {
    pages: PageReader<R>,
    streams: Vec<Stream>,
    ready: VecDeque<Packet>,
    max_packet: usize,
}

impl<R: Read> PacketReader<R> {
    /// The largest packet that is kept unless told otherwise: 4 MiB, enough for a cover picture among the comments.
    pub const MAX_PACKET: usize = 4 << 20;

    /// Begins to read.
    pub const fn new(inner: R) -> Self {
        Self {
            pages: PageReader::new(inner),
            streams: Vec::new(),
            ready: VecDeque::new(),
            max_packet: Self::MAX_PACKET,
        }
    }

    /// Changes the largest packet that is kept, in bytes; larger ones are left out like lost ones.
    #[must_use]
    pub const fn with_max_packet(mut self, bytes: usize) -> Self {
        self.max_packet = bytes;
        self
    }

    /// What was wrong with the file so far.
    pub const fn stats(&self) -> &PageStats {
        self.pages.stats()
    }

    /// Where the reader stands in the file, in bytes.
    pub(super) const fn offset(&self) -> u64 {
        self.pages.offset()
    }

    /// The next packet, `None` at the end of the file.
    ///
    /// # Errors
    /// As [`PageReader::next_page`].
    pub fn next_packet(&mut self) -> Result<Option<Packet>, Error> {
        while self.ready.is_empty() {
            let Some(page) = self.pages.next_page()? else {
                return Ok(None);
            };
            let known = self
                .streams
                .iter()
                .position(|stream| stream.serial == page.serial);
            let place = known.or_else(|| {
                (self.streams.len() < MAX_STREAMS).then(|| {
                    self.streams.push(Stream::new(page.serial));
                    self.streams.len() - 1
                })
            });
            if let Some(stream) = place.and_then(|place| self.streams.get_mut(place)) {
                stream.handle_page(&page, self.max_packet, &mut self.ready);
            }
            if page.is_last {
                self.streams.retain(|stream| stream.serial != page.serial);
            }
        }
        Ok(self.ready.pop_front())
    }
}

/// A logical stream.
#[derive(Debug)]
struct Stream {
    serial: u32,
    /// Number of the page that should come next.
    sequence: Option<u32>,
    /// The beginning of a packet that goes on; `None` when that beginning is missing.
    begun: Option<Vec<u8>>,
    has_gap: bool,
}

impl Stream {
    const fn new(serial: u32) -> Self {
        Self {
            serial,
            sequence: None,
            begun: None,
            has_gap: false,
        }
    }

    /// Takes the packets that end on a page; `ready` is empty.
    fn handle_page(&mut self, page: &Page<'_>, max_packet: usize, ready: &mut VecDeque<Packet>) {
        if page.is_first {
            *self = Self::new(self.serial);
        }
        let is_next = self.sequence.is_none_or(|expected| expected == page.sequence);
        if !is_next || (self.begun.is_some() && !page.is_continued) {
            self.has_gap = true;
            self.begun = None;
        }
        self.sequence = Some(page.sequence.wrapping_add(1));
        for (place, (piece, ends)) in page.pieces().enumerate() {
            let continues = place == 0 && page.is_continued;
            if continues && self.begun.is_none() {
                self.has_gap = true; // RFC 7845 §3: without its beginning a packet is of no use
                continue;
            }
            self.handle_piece(piece, ends, max_packet, ready);
        }
        if let Some(packet) = ready.back_mut() {
            packet.page_end = Some(PageEnd {
                granule_position: page.granule_position,
                is_last: page.is_last,
            });
        }
        if let Some(packet) = ready.front_mut() {
            packet.is_first = page.is_first;
        }
    }

    fn handle_piece(&mut self, piece: &[u8], ends: bool, max_packet: usize, ready: &mut VecDeque<Packet>) {
        let begun = self.begun.take().unwrap_or_default();
        if begun.len() + piece.len() > max_packet {
            self.has_gap = true;
            return;
        }
        let data = if begun.is_empty() && ends {
            Bytes::copy_from_slice(piece)
        } else {
            let mut whole = begun;
            whole.extend_from_slice(piece);
            if !ends {
                self.begun = Some(whole);
                return;
            }
            whole.into()
        };
        ready.push_back(Packet {
            serial: self.serial,
            data,
            is_first: false,
            follows_gap: std::mem::take(&mut self.has_gap),
            page_end: None,
        });
    }
}
