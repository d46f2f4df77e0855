//! Decrypted records, handed out without a list of them.
//!
//! Each record of a datagram is opened in place; what became of it is noted in its own header bytes, which have done
//! their work by then. So any number of records in a datagram costs no allocation.

use std::borrow::Cow;
use std::ops::Range;

use crate::record::HEADER_LENGTH;

const DELIVER: u8 = 0xff;
const SKIP: u8 = 0;

/// Notes in a record's header where its plaintext is, or that it has none to deliver.
pub(super) fn mark(record: &mut [u8], plaintext: Option<Range<usize>>) {
    let place = plaintext.and_then(|range| {
        let offset = u16::try_from(range.start).ok()?;
        let length = u16::try_from(range.len()).ok()?;
        Some((offset.to_be_bytes(), length.to_be_bytes()))
    });
    let Some([tag, o0, o1, l0, l1, ..]) = record.first_chunk_mut::<HEADER_LENGTH>() else {
        return;
    };
    match place {
        Some((offset, length)) => {
            *tag = DELIVER;
            [*o0, *o1] = offset;
            [*l0, *l1] = length;
        }
        None => *tag = SKIP,
    }
}

/// The application data of one datagram, and of records that had arrived before the handshake was over.
///
/// Iterate over it; the items dereference to `[u8]`.
#[derive(Debug, Default)]
#[must_use = "application data that is not looked at is lost"]
pub struct ApplicationData<'d> {
    early: Vec<Vec<u8>>,
    /// Records with their notes.
    marked: &'d [u8],
}

impl<'d> ApplicationData<'d> {
    pub(super) fn new(early: Vec<Vec<u8>>, marked: &'d [u8]) -> Self {
        Self { early, marked }
    }
}

impl<'d> IntoIterator for ApplicationData<'d> {
    type Item = Cow<'d, [u8]>;
    type IntoIter = Records<'d>;

    fn into_iter(self) -> Records<'d> {
        Records {
            early: self.early.into_iter(),
            marked: self.marked,
        }
    }
}

/// Iterates over decrypted records.
#[derive(Debug)]
pub struct Records<'d> {
    early: std::vec::IntoIter<Vec<u8>>,
    marked: &'d [u8],
}

impl<'d> Iterator for Records<'d> {
    type Item = Cow<'d, [u8]>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(early) = self.early.next() {
            return Some(Cow::Owned(early));
        }
        loop {
            let [tag, o0, o1, l0, l1, .., length0, length1] = *self.marked.first_chunk::<HEADER_LENGTH>()?;
            let whole = HEADER_LENGTH + usize::from(u16::from_be_bytes([length0, length1]));
            let (record, rest) = self.marked.split_at_checked(whole)?;
            self.marked = rest;
            if tag == DELIVER {
                let start = usize::from(u16::from_be_bytes([o0, o1]));
                let end = start + usize::from(u16::from_be_bytes([l0, l1]));
                return record.get(start..end).map(Cow::Borrowed);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delivers_marked_records_behind_early_ones() {
        let mut datagram = Vec::new();
        for (payload, plaintext) in [
            (&b"--one=="[..], Some(15..18)),
            (b"two", None),
            (b"", Some(13..13)),
        ] {
            let mut record = vec![
                23,
                0xfe,
                0xfd,
                0,
                1,
                0,
                0,
                0,
                0,
                0,
                0,
                0,
                u8::try_from(payload.len()).unwrap(),
            ];
            record.extend_from_slice(payload);
            mark(&mut record, plaintext);
            datagram.extend_from_slice(&record);
        }
        let data = ApplicationData::new(vec![b"early".to_vec()], &datagram);
        let items: Vec<Vec<u8>> = data.into_iter().map(Cow::into_owned).collect();
        assert_eq!(items, [&b"early"[..], b"one", b""]);
    }
}
