//! Writing feedback: draft-holmer-rmcat-transport-wide-cc-extensions-01 §3.1, split at a size.

use super::chunk::{StatusChunk, Symbol};
use super::{TransportFeedback, TransportTime};
use crate::packet::Packet;

/// What the shortest limit is: a packet with one arrival behind the widest gap fits.
const MIN_LEN: usize = 40;

/// A packet without chunks and deltas.
const HEAD_LEN: usize = 20;

/// Makes feedback packets from arrivals.
///
/// Packets that are not told of count as not received. Each feedback packet begins where the one before ended, so that losses
/// between two are told of too; one that came too late for its own feedback may be told of later, and gets a packet of its own.
/// Buffers are kept from packet to packet, and are bounded by the size of one.
///
/// ```
/// use rtcp::{Arrival, PacketRef, TransportFeedbackBuilder, TransportTime};
///
/// let mut builder = TransportFeedbackBuilder::new(1, 2, 1_200);
/// let mut datagram = Vec::new();
/// for (sequence_number, time) in [(10, TransportTime(1_000)), (11, TransportTime(1_004)), (13, TransportTime(1_008))] {
///     if !builder.push(sequence_number, time) {
///         builder.finish(&mut datagram); // it is full: here it would be sent
///         assert!(builder.push(sequence_number, time));
///     }
/// }
/// builder.finish(&mut datagram);
///
/// let Some(Ok(PacketRef::TransportFeedback(feedback))) = rtcp::packets(&datagram).next() else { panic!() };
/// let arrivals: Vec<_> = feedback.packets().map(|packet| packet.arrival).collect();
/// assert_eq!(arrivals, [
///     Arrival::At(TransportTime(1_000)),
///     Arrival::At(TransportTime(1_004)),
///     Arrival::NotReceived,
///     Arrival::At(TransportTime(1_008)),
/// ]);
/// ```
#[derive(Clone, Debug)]
pub struct TransportFeedbackBuilder {
    sender_ssrc: u32,
    media_ssrc: u32,
    max_len: usize,
    feedback_count: u8,
    /// Behind the highest sequence number that was told of.
    next: Option<u16>,
    open: Option<Open>,
    /// Those that are settled; `pending` is behind them.
    chunks: Vec<StatusChunk>,
    pending: Pending,
    deltas: Vec<u8>,
}

/// The packet that is being made.
#[derive(Clone, Copy, Debug)]
struct Open {
    base: u16,
    count: u16,
    reference: TransportTime,
    last: TransportTime,
}

impl TransportFeedbackBuilder {
    /// Packets of at most `max_len` bytes (at least 40), their SSRCs and the first feedback count, which is 0.
    #[must_use]
    pub fn new(sender_ssrc: u32, media_ssrc: u32, max_len: usize) -> Self {
        Self {
            sender_ssrc,
            media_ssrc,
            max_len: max_len.max(MIN_LEN),
            feedback_count: 0,
            next: None,
            open: None,
            chunks: Vec::new(),
            pending: Pending::default(),
            deltas: Vec::new(),
        }
    }

    /// Says which stream of the transport the next packets name.
    pub const fn set_media_ssrc(&mut self, media_ssrc: u32) {
        self.media_ssrc = media_ssrc;
    }

    /// Says where the next packet begins, if what is pushed first is not before it: packets from here on that are not pushed are
    /// told of as not received. Without it, the next packet begins behind the highest that was pushed ever.
    pub const fn begin_at(&mut self, sequence_number: u16) {
        if self.open.is_none() {
            self.next = Some(sequence_number);
        }
    }

    /// Adds the packet that arrived at `time`. Sequence numbers ascend (modulo 2¹⁶), times need not.
    ///
    /// False if it does not fit: the packet would be too long, the sequence number is not above the one before, or the time is
    /// more than 8.19 s from the one before. Then nothing has changed; [`finish`](Self::finish), and push again, which succeeds.
    #[must_use = "what does not fit has to be pushed again"]
    pub fn push(&mut self, sequence_number: u16, time: TransportTime) -> bool {
        let open = self.open.unwrap_or_else(|| self.begin(sequence_number, time));
        let gap = sequence_number.wrapping_sub(open.base.wrapping_add(open.count));
        let Some(count) = open.count.checked_add(gap).and_then(|it| it.checked_add(1)) else {
            return false;
        };
        let Ok(delta) = i16::try_from(time.0.saturating_sub(open.last.0)) else {
            return false;
        };
        let is_first = open.count == 0;
        if !is_first && (gap >> 15 == 1 || !self.has_room(gap)) {
            return false;
        }
        self.pending.add(Symbol::NotReceived, gap, &mut self.chunks);
        match u8::try_from(delta) {
            Ok(delta) => {
                self.pending.add(Symbol::SmallDelta, 1, &mut self.chunks);
                self.deltas.push(delta);
            }
            Err(_) => {
                self.pending.add(Symbol::LargeDelta, 1, &mut self.chunks);
                self.deltas.extend_from_slice(&delta.to_be_bytes());
            }
        }
        self.open = Some(Open {
            count,
            last: time,
            ..open
        });
        let after = sequence_number.wrapping_add(1);
        if self.next.is_none_or(|next| after.wrapping_sub(next) >> 15 == 0) {
            self.next = Some(after);
        }
        true
    }

    /// A packet that begins behind the one before, or with what came late.
    fn begin(&self, sequence_number: u16, time: TransportTime) -> Open {
        let base = self
            .next
            .filter(|next| sequence_number.wrapping_sub(*next) >> 15 == 0)
            .unwrap_or(sequence_number);
        let reference = TransportTime(time.0 & !0xff);
        Open {
            base,
            count: 0,
            reference,
            last: reference,
        }
    }

    /// Whether an arrival behind a gap fits for certain.
    fn has_room(&self, gap: u16) -> bool {
        // One chunk is pending; another symbol settles two at most, and each change to and from a gap one more.
        let chunks = self
            .chunks
            .len()
            .saturating_add(4)
            .saturating_add((gap / StatusChunk::MAX_RUN).into());
        let chunks = chunks.saturating_add(if gap > 0 { 2 } else { 0 });
        let len = HEAD_LEN.saturating_add(chunks.saturating_mul(2));
        len.saturating_add(self.deltas.len()).saturating_add(2) <= self.max_len & !3
    }

    /// Whether nothing was pushed since the last packet.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.open.is_none()
    }

    /// Appends the packet, if anything was pushed, and begins another. Tells whether it did.
    pub fn finish(&mut self, out: &mut Vec<u8>) -> bool {
        let Some(open) = self.open.take() else {
            return false;
        };
        self.pending.settle(&mut self.chunks);
        let feedback = TransportFeedback {
            sender_ssrc: self.sender_ssrc,
            media_ssrc: self.media_ssrc,
            base_sequence_number: open.base,
            status_count: open.count,
            reference_time: open.reference.reference(),
            feedback_count: self.feedback_count,
            chunks: self.chunks.as_slice().into(),
            deltas: &self.deltas,
        };
        feedback.encode(out);
        self.feedback_count = self.feedback_count.wrapping_add(1);
        self.chunks.clear();
        self.deltas.clear();
        true
    }
}

/// Symbols that are in no chunk yet: a run, or what fits into a vector.
#[derive(Clone, Debug, Default)]
struct Pending {
    /// The first of them; of a run, only the first.
    symbols: [Symbol; 14],
    len: u16,
    is_mixed: bool,
    is_large: bool,
}

impl Pending {
    /// Adds the same symbol `count` times.
    fn add(&mut self, symbol: Symbol, mut count: u16, chunks: &mut Vec<StatusChunk>) {
        while count > 0 {
            if !self.takes(symbol) {
                self.shorten(chunks);
                continue;
            }
            self.push(symbol);
            count = count.saturating_sub(1);
            if !self.is_mixed {
                let more = count.min(StatusChunk::MAX_RUN.saturating_sub(self.len));
                for slot in self.symbols.iter_mut().skip(self.len.into()).take(more.into()) {
                    *slot = symbol;
                }
                self.len = self.len.saturating_add(more);
                count = count.saturating_sub(more);
            }
        }
    }

    fn used(&self) -> &[Symbol] {
        self.symbols.get(..self.len.into()).unwrap_or(&self.symbols)
    }

    /// Whether one chunk can hold all that is pending and this.
    fn takes(&self, symbol: Symbol) -> bool {
        if !self.is_mixed && self.used().first().is_none_or(|first| *first == symbol) {
            return self.len < StatusChunk::MAX_RUN;
        }
        let capacity = if symbol == Symbol::LargeDelta || self.is_large {
            7
        } else {
            14
        };
        self.len < capacity
    }

    fn push(&mut self, symbol: Symbol) {
        self.is_mixed |= self.used().first().is_some_and(|first| *first != symbol);
        self.is_large |= symbol == Symbol::LargeDelta;
        if let Some(slot) = self.symbols.get_mut(usize::from(self.len)) {
            *slot = symbol;
        }
        self.len = self.len.saturating_add(1);
    }

    /// Makes a chunk of the first symbols, because another does not fit behind them.
    fn shorten(&mut self, chunks: &mut Vec<StatusChunk>) {
        // One-bit symbols that do not fill their vector, and a large delta comes: the first seven go into a two-bit vector.
        if self.is_mixed && self.len > 7 && self.len < 14 {
            chunks.push(two_bit(self.used().iter().take(7)));
            self.symbols.rotate_left(7);
            self.len = self.len.saturating_sub(7);
            let first = self.used().first().copied();
            self.is_mixed = self.used().iter().any(|symbol| Some(*symbol) != first);
        } else {
            self.settle(chunks);
        }
    }

    /// Makes a chunk of everything that is left.
    fn settle(&mut self, chunks: &mut Vec<StatusChunk>) {
        let Some(symbol) = self.used().first().copied() else {
            return;
        };
        chunks.push(match (self.is_mixed, self.is_large || self.len <= 7) {
            (false, _) => StatusChunk::Run {
                symbol,
                length: self.len,
            },
            (true, true) => two_bit(self.used().iter()),
            (true, false) => one_bit(self.used()),
        });
        self.len = 0;
        self.is_mixed = false;
        self.is_large = false;
    }
}

/// Up to seven symbols.
fn two_bit<'s>(symbols: impl Iterator<Item = &'s Symbol>) -> StatusChunk {
    let places = (0..7_u16).rev();
    StatusChunk::TwoBit(symbols.zip(places).fold(0, |bits, (symbol, place)| {
        bits | (symbol.bits() << place.saturating_mul(2))
    }))
}

/// Up to 14 symbols without a large delta.
fn one_bit(symbols: &[Symbol]) -> StatusChunk {
    let places = (0..14_u16).rev();
    StatusChunk::OneBit(
        symbols
            .iter()
            .zip(places)
            .fold(0, |bits, (symbol, place)| bits | (symbol.bits() << place)),
    )
}

#[cfg(test)]
mod tests;
