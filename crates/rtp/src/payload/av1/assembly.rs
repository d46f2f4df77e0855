//! OBUs that grow at the end of the caller's temporal unit, and get their sizes when they are whole.

use super::super::MAX_UNIT_LEN;
use super::obu::{HAS_SIZE, ObuRef, ObuType, write_leb128};
use crate::DecodeError;

/// The OBU whose last fragment is yet to come.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Assembly {
    /// Where it lies in the output: its start and its length.
    incomplete: Option<(usize, usize)>,
}

impl Assembly {
    pub(super) fn incomplete(&self) -> usize {
        self.incomplete.map_or(0, |(_, len)| len)
    }

    pub(super) fn reset(&mut self) {
        self.incomplete = None;
    }

    /// Where the whole OBUs of the output end.
    pub(super) fn start(&self, out: &[u8]) -> usize {
        let there = self.incomplete.filter(|(start, len)| start + len == out.len());
        there.map_or(out.len(), |(start, _)| start)
    }

    /// Removes the incomplete OBU from the output, if it is still there.
    pub(super) fn give_up(&mut self, out: &mut Vec<u8>) {
        out.truncate(self.start(out));
        self.incomplete = None;
    }

    /// Begins an OBU with its first fragment.
    pub(super) fn begin(&mut self, data: &[u8], out: &mut Vec<u8>) {
        self.incomplete = Some((out.len(), data.len()));
        out.extend_from_slice(data);
    }

    /// Continues it.
    pub(super) fn extend(&mut self, data: &[u8], out: &mut Vec<u8>) -> Result<(), DecodeError> {
        let there = self.incomplete.filter(|(start, len)| start + len == out.len());
        let Some((start, len)) = there else {
            return Err(DecodeError::new("a fragment without its beginning", 0));
        };
        if len + data.len() > MAX_UNIT_LEN {
            return Err(DecodeError::new("more fragments than a unit may have", 0));
        }
        out.extend_from_slice(data);
        self.incomplete = Some((start, len + data.len()));
        Ok(())
    }

    /// Its last fragment is there: its size goes behind its header.
    pub(super) fn end(&mut self, out: &mut Vec<u8>) -> Result<(), DecodeError> {
        let Some((start, len)) = self.incomplete.take() else {
            return Ok(());
        };
        let obu = ObuRef::decode(out.get(start..).unwrap_or_default())?;
        if !obu.obu_type().is_sent() {
            out.truncate(start);
            return Ok(());
        }
        if obu.first & HAS_SIZE != 0 {
            return Ok(());
        }
        let payload = obu.payload.len();
        let at = start + len - payload;
        insert_size(at, payload, out);
        if let Some(first) = out.get_mut(start) {
            *first |= HAS_SIZE;
        }
        Ok(())
    }
}

/// Moves what begins at `at`, all `payload` bytes of it, to make room for their number.
fn insert_size(at: usize, payload: usize, out: &mut Vec<u8>) {
    let end = out.len();
    write_leb128(payload, out); // makes the room, too
    let mut size = [0; 10];
    let len = out.len() - end;
    if let (Some(size), Some(written)) = (size.get_mut(..len), out.get(end..)) {
        size.copy_from_slice(written);
    }
    out.copy_within(at..end, at + len);
    for (place, byte) in out.iter_mut().skip(at).zip(size).take(len) {
        *place = byte;
    }
}

/// Appends a whole OBU with its size.
pub(super) fn push(element: &[u8], out: &mut Vec<u8>) -> Result<(), DecodeError> {
    let Some(first) = element.first() else {
        return Ok(());
    };
    if !ObuType::of(*first).is_sent() {
        return Ok(());
    }
    let obu = ObuRef::decode(element)?;
    if first & HAS_SIZE != 0 {
        out.extend_from_slice(element);
        return Ok(());
    }
    out.push(first | HAS_SIZE);
    out.extend(obu.extension);
    write_leb128(obu.payload.len(), out);
    out.extend_from_slice(obu.payload);
    Ok(())
}
