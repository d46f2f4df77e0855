//! RFC 4733 §2 and §3: telephone events, above all DTMF digits. Tones by frequency (§4) are not here.

mod receiver;
mod sender;

use super::reader::Reader;
use crate::DecodeError;

pub use receiver::{Notice, Receiver};
pub use sender::{Report, Sender};

/// An event or a segment of one.
///
/// ```text
///  0                   1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |     event     |E|R| volume    |          duration             |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ```
///
/// ```
/// use rtp::payload::telephone_event::{Event, events};
///
/// let event = Event { event: 11, end: true, volume: 10, duration: 800 };
/// assert_eq!(event.encode(), [11, 0x8a, 0x03, 0x20]);
/// assert_eq!(event.digit(), Some('#'));
/// assert_eq!(events(&[11, 0x8a, 0x03, 0x20]).next(), Some(Ok((0, event))));
///
/// assert!(events(&[11, 0x8a]).next().unwrap().is_err());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Event {
    /// Which event: 0 to 15 are the DTMF digits.
    pub event: u8,
    /// Whether it has ended.
    pub end: bool,
    /// The power of the tone in −dBm0, 0 to 63; higher bits are not sent.
    pub volume: u8,
    /// Ticks of the RTP clock since the packet's timestamp. 0 stands for a state that lasts.
    pub duration: u16,
}

/// The digits in the order of their event codes (§3.2).
const DIGITS: &[u8; 16] = b"0123456789*#ABCD";

impl Event {
    /// Bytes of an event.
    pub const LEN: usize = 4;

    /// As it travels.
    pub fn encode(&self) -> [u8; Self::LEN] {
        let [high, low] = self.duration.to_be_bytes();
        let end = if self.end { 0x80 } else { 0 };
        [self.event, end | self.volume & 0x3f, high, low]
    }

    /// The DTMF digit: `0` to `9`, `*`, `#`, `A` to `D`.
    pub fn digit(&self) -> Option<char> {
        DIGITS.get(usize::from(self.event)).copied().map(char::from)
    }

    /// The event code of a DTMF digit, in either case.
    pub fn code(digit: char) -> Option<u8> {
        let code = DIGITS
            .iter()
            .position(|known| digit.eq_ignore_ascii_case(&char::from(*known)))?;
        u8::try_from(code).ok()
    }
}

/// The events of a payload, which follow each other without a pause (§2.5.1.5), and how far each begins after the packet's
/// timestamp. The last item is an error when an event is cut off.
pub fn events(payload: &[u8]) -> impl Iterator<Item = Result<(u32, Event), DecodeError>> {
    let mut reader = Reader::new(payload);
    let mut offset = 0u32;
    std::iter::from_fn(move || {
        if reader.is_empty() {
            return None;
        }
        let Ok([event, flags, high, low]) = reader.array() else {
            let error = reader.error("an event is cut off");
            reader = Reader::new(&[]);
            return Some(Err(error));
        };
        let event = Event {
            event,
            end: flags & 0x80 != 0,
            volume: flags & 0x3f,
            duration: u16::from_be_bytes([high, low]),
        };
        let start = offset;
        offset = offset.wrapping_add(u32::from(event.duration));
        Some(Ok((start, event)))
    })
}

#[cfg(test)]
mod tests;
