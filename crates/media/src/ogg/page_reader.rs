//! Finding pages in a file, also behind damage (RFC 3533 §3: the capture pattern lets a reader synchronise anew).

use super::page::{CAPTURE_PATTERN, HEADER_LEN, MAX_PAGE, Page, data_len};
use crate::Error;
use crate::input::Input;
use std::io::Read;

/// Bytes that are read at a time.
const STEP: usize = 8 << 10;
/// Bytes within which the first page must begin: a recording may begin within a page, but not every file is Ogg.
const MAX_LEAD: u64 = 2 * MAX_PAGE as u64;
/// Pages with a wrong checksum after which a file is given up: looking for the next one costs time for each.
const MAX_DAMAGED: u64 = 1000;

/// What was wrong with a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PageStats {
    /// Good pages.
    pub pages: u64,
    /// Pages with a wrong checksum or version, also where the pattern of a page occurred in something else.
    pub damaged: u64,
    /// Bytes that were no part of a good page.
    pub skipped_bytes: u64,
}

/// Reads a file page by page and skips damaged ones.
#[derive(Debug)]
pub struct PageReader<R> {
    input: Input<R>,
    buffer: Vec<u8>,
    /// Where in the buffer the next page is looked for.
    start: usize,
    /// Where the first page stands that the file ends within.
    cut: Option<u64>,
    /// Bytes of the file in front of the buffer.
    dropped: u64,
    stats: PageStats,
}

/// What stands at a place in the buffer.
enum Found {
    Page(usize),
    Damaged,
    Cut,
    Nothing,
}

impl<R: Read> PageReader<R> {
    /// Begins to read.
    pub const fn new(inner: R) -> Self {
        Self {
            input: Input::new(inner),
            buffer: Vec::new(),
            start: 0,
            cut: None,
            dropped: 0,
            stats: PageStats {
                pages: 0,
                damaged: 0,
                skipped_bytes: 0,
            },
        }
    }

    /// What was wrong so far.
    pub const fn stats(&self) -> &PageStats {
        &self.stats
    }

    /// The next good page, `None` at the end of the file. It borrows from the reader, whose buffer has 90 KiB at most.
    ///
    /// # Errors
    /// No page begins within the first 130,614 bytes, more than 1,000 pages are damaged, the file ends within a page (told
    /// once), or reading fails.
    pub fn next_page(&mut self) -> Result<Option<Page<'_>>, Error> {
        let Some(len) = self.find()? else {
            return Ok(None);
        };
        let from = self.start;
        self.start += len;
        self.stats.pages += 1;
        self.cut = None;
        let bytes = self.buffer.get(from..self.start).unwrap_or_default();
        Ok(Page::decode_unchecked(bytes).ok().map(|(page, _)| page))
    }

    /// Where the last page began, in bytes from the start of the file; at first 0.
    pub(super) const fn offset(&self) -> u64 {
        self.dropped + self.start as u64
    }

    fn find(&mut self) -> Result<Option<usize>, Error> {
        loop {
            self.discard();
            match self.look()? {
                Found::Page(len) => return Ok(Some(len)),
                Found::Damaged => {
                    self.stats.damaged += 1;
                    self.pass(CAPTURE_PATTERN.len());
                }
                Found::Cut => {
                    self.cut = self.cut.or(Some(self.offset()));
                    self.pass(CAPTURE_PATTERN.len());
                }
                Found::Nothing if self.unread().is_empty() => {
                    return self
                        .cut
                        .take()
                        .map_or(Ok(None), |offset| Err(Error::Truncated { offset }));
                }
                Found::Nothing => self.pass_to_pattern(),
            }
            self.check()?;
        }
    }

    /// What stands at the start.
    fn look(&mut self) -> Result<Found, Error> {
        let has_header = self.need(HEADER_LEN)?;
        let unread = self.unread();
        let prefix = unread.get(..4).unwrap_or(unread);
        if !CAPTURE_PATTERN.starts_with(prefix) || prefix.is_empty() {
            return Ok(Found::Nothing);
        }
        let segments = unread.get(HEADER_LEN - 1).map_or(0, |count| usize::from(*count));
        let lacing = HEADER_LEN..HEADER_LEN + segments;
        if !has_header || !self.need(lacing.end)? {
            return Ok(Found::Cut);
        }
        let len = lacing.end + data_len(self.unread().get(lacing).unwrap_or_default());
        if !self.need(len)? {
            return Ok(Found::Cut);
        }
        Ok(Page::decode(self.unread()).map_or(Found::Damaged, |_| Found::Page(len)))
    }

    fn check(&self) -> Result<(), Error> {
        let malformed = |reason| Error::Malformed {
            reason,
            offset: self.offset(),
        };
        if self.stats.pages == 0 && self.stats.skipped_bytes > MAX_LEAD {
            return Err(malformed("no Ogg file"));
        }
        if self.stats.damaged > MAX_DAMAGED {
            return Err(malformed("too many damaged pages"));
        }
        Ok(())
    }

    fn unread(&self) -> &[u8] {
        self.buffer.get(self.start..).unwrap_or_default()
    }

    fn pass(&mut self, len: usize) {
        let len = len.min(self.unread().len());
        self.start += len;
        self.stats.skipped_bytes += len as u64;
    }

    fn pass_to_pattern(&mut self) {
        let unread = self.unread();
        let begins = |at: &usize| {
            unread
                .get(*at..)
                .is_some_and(|it| it.starts_with(&CAPTURE_PATTERN))
        };
        // Without a whole pattern, its first three bytes may still stand at the end.
        let rest = unread.len().saturating_sub(CAPTURE_PATTERN.len() - 1);
        let len = (1..rest).find(begins).unwrap_or(rest.max(1));
        self.pass(len);
    }

    /// Tries to have so many unread bytes in the buffer.
    fn need(&mut self, len: usize) -> Result<bool, Error> {
        while self.unread().len() < len {
            let from = self.buffer.len();
            self.buffer.resize(from + STEP, 0);
            let count = self.input.read(self.buffer.get_mut(from..).unwrap_or_default());
            self.buffer
                .truncate(from + count.as_ref().map_or(0, |count| *count));
            if count? == 0 {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Drops what was read, when that is cheap.
    fn discard(&mut self) {
        if self.start >= 2 * STEP || self.start == self.buffer.len() {
            self.buffer.drain(..self.start);
            self.dropped += self.start as u64;
            self.start = 0;
        }
    }
}
