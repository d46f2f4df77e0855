//! Several packets in one datagram: RFC 3550 §6.1 and §6.4.1 (padding), RFC 5506 §3.4 (reduced size).

use crate::DecodeError;
use crate::description::SourceDescription;
use crate::packet::Packet;
use crate::raw::{packet_type, raw_packets, set_length};

/// Why a datagram is no compound packet by RFC 3550 §6.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CompoundError {
    /// A packet is malformed.
    #[error(transparent)]
    Malformed(#[from] DecodeError),
    /// The first packet is neither SR nor RR.
    #[error("the first packet is not a report")]
    NoReport,
    /// No SDES packet has a CNAME.
    #[error("no canonical name")]
    NoCname,
    /// A packet before the last is padded.
    #[error("padding before the last packet")]
    Padding,
    /// A packet other than another BYE follows a BYE.
    #[error("a packet behind goodbye")]
    AfterGoodbye,
}

/// Whether a datagram is a compound packet in the order of RFC 3550 §6.1: a report first, further reports behind it, a CNAME,
/// BYE last, padding only at the end.
///
/// Peers that negotiated reduced-size RTCP (RFC 5506) need not obey, and many others do not either: check one's own
/// datagrams, or count what comes in.
///
/// # Errors
/// The first rule that is broken.
///
/// ```
/// use rtcp::{CompoundError, check_compound};
///
/// let report = [0x80, 201, 0, 1, 0, 0, 0, 1];
/// assert_eq!(check_compound(&report), Err(CompoundError::NoCname));
/// let name = [0x81, 202, 0, 2, 0, 0, 0, 1, 1, 1, b'a', 0];
/// assert_eq!(check_compound(&[&report[..], &name].concat()), Ok(()));
/// ```
pub fn check_compound(datagram: &[u8]) -> Result<(), CompoundError> {
    let mut is_first = true;
    let mut has_cname = false;
    let mut has_goodbye = false;
    let mut has_padding = false;
    for raw in raw_packets(datagram) {
        let raw = raw?;
        let is_report = matches!(
            raw.packet_type(),
            packet_type::SENDER_REPORT | packet_type::RECEIVER_REPORT
        );
        if is_first && !is_report {
            return Err(CompoundError::NoReport);
        }
        if has_padding {
            return Err(CompoundError::Padding);
        }
        if has_goodbye && raw.packet_type() != packet_type::GOODBYE {
            return Err(CompoundError::AfterGoodbye);
        }
        if raw.packet_type() == packet_type::SOURCE_DESCRIPTION {
            let description = SourceDescription::from_raw(&raw)?;
            has_cname |= description.chunks.iter().any(|chunk| chunk.cname().is_some());
        }
        is_first = false;
        has_goodbye |= raw.packet_type() == packet_type::GOODBYE;
        has_padding = raw.has_padding();
    }
    if is_first {
        return Err(CompoundError::NoReport);
    }
    if has_cname {
        Ok(())
    } else {
        Err(CompoundError::NoCname)
    }
}

/// Writes several packets behind each other into one datagram.
///
/// ```
/// use rtcp::{Compound, CompoundError, PictureLossIndication, ReceiverReport, SdesChunk, SdesItem, SourceDescription};
///
/// let items = [SdesItem::Cname(b"somebody")];
/// let chunks = [SdesChunk { ssrc: 1, items: (&items).into() }];
/// let mut datagram = Vec::new();
/// let mut compound = Compound::new(&mut datagram);
/// compound
///     .push(&ReceiverReport { sender_ssrc: 1, ..Default::default() })
///     .push(&SourceDescription { chunks: (&chunks).into() })
///     .push(&PictureLossIndication { sender_ssrc: 1, media_ssrc: 2 });
/// assert_eq!(compound.len(), 8 + 20 + 12);
/// compound.finish()?;
///
/// // Reduced size: no report, no name.
/// let mut datagram = Vec::new();
/// let mut compound = Compound::new(&mut datagram);
/// compound.push(&PictureLossIndication { sender_ssrc: 1, media_ssrc: 2 });
/// assert_eq!(compound.finish(), Err(CompoundError::NoReport));
/// # Ok::<(), CompoundError>(())
/// ```
#[derive(Debug)]
pub struct Compound<'o> {
    out: &'o mut Vec<u8>,
    start: usize,
    last: usize,
}

impl<'o> Compound<'o> {
    /// Begins a datagram at the end of `out`. What is pushed stands there at once.
    pub const fn new(out: &'o mut Vec<u8>) -> Self {
        let start = out.len();
        Self {
            out,
            start,
            last: start,
        }
    }

    /// Appends a packet.
    pub fn push(&mut self, packet: &dyn Packet) -> &mut Self {
        let before = self.out.len();
        packet.encode(self.out);
        if self.out.len() > before {
            self.last = before;
        }
        self
    }

    /// Appends a packet if the datagram is not longer than `max` bytes then; tells whether it did.
    pub fn push_within(&mut self, max: usize, packet: &dyn Packet) -> bool {
        let fits = self.len().saturating_add(packet.encoded_len()) <= max;
        if fits {
            self.push(packet);
        }
        fits
    }

    /// How long the datagram is so far, in bytes.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.out.len().saturating_sub(self.start)
    }

    /// Whether nothing is in it yet.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Fills the last packet with padding so that the datagram is a multiple of `multiple` bytes long (RFC 3550 §6.4.1: for
    /// ciphers of fixed blocks). Nothing may be pushed afterwards.
    ///
    /// Padding is whole words, at most 252 bytes; for other multiples, and in an empty datagram, nothing happens.
    pub fn pad(&mut self, multiple: usize) {
        let padding = self
            .len()
            .next_multiple_of(multiple.max(1))
            .saturating_sub(self.len());
        let last = self.last_packet();
        let Ok(count) = u8::try_from(padding) else { return };
        if padding & 3 != 0
            || count == 0
            || self.is_empty()
            || self.out.get(last).is_none_or(|it| it & 0x20 != 0)
        {
            return;
        }
        self.out
            .resize(self.out.len().saturating_add(padding).saturating_sub(1), 0);
        self.out.push(count);
        if let Some(first) = self.out.get_mut(last) {
            *first |= 0x20;
        }
        set_length(self.out, last);
    }

    /// Where the last packet begins: what was pushed last may be several.
    fn last_packet(&self) -> usize {
        let mut start = self.last;
        for raw in raw_packets(self.out.get(self.last..).unwrap_or_default()).flatten() {
            let end = start.saturating_add(raw.as_bytes().len());
            if end >= self.out.len() {
                break;
            }
            start = end;
        }
        start
    }

    /// Ends the datagram and checks that it is a compound packet, as [`check_compound`] does. Not needed for reduced size.
    ///
    /// # Errors
    /// The rule that is broken; the datagram stays where it is.
    pub fn finish(self) -> Result<(), CompoundError> {
        check_compound(self.out.get(self.start..).unwrap_or_default())
    }
}
