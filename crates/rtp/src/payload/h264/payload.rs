//! RFC 6184 §5.2 and §5.6 to §5.8: the structures that a payload can have.

use super::super::reader::Reader;
use super::NalType;
use crate::DecodeError;

/// A payload.
///
/// ```
/// use rtp::payload::h264::{NalType, PayloadRef};
///
/// let stap = [24, 0, 2, 0x67, 0x42, 0, 1, 0x68];
/// let PayloadRef::Aggregate(aggregate) = PayloadRef::decode(&stap)? else { panic!() };
/// let types: Vec<_> = aggregate.units().map(|unit| NalType::of(unit.data[0])).collect();
/// assert_eq!(types, [NalType::SPS, NalType::PPS]);
///
/// assert!(PayloadRef::decode(&stap[..7]).is_err());
/// # Ok::<(), rtp::DecodeError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PayloadRef<'a> {
    /// One NAL unit (§5.6).
    Single(&'a [u8]),
    /// Several (§5.7).
    Aggregate(AggregateRef<'a>),
    /// A part of one (§5.8).
    Fragment(FragmentRef<'a>),
    /// A type that has no meaning yet; to be ignored (§5.4).
    Reserved(NalType),
}

/// The kind of an aggregation packet (§5.7, table 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Aggregation {
    /// Units of one time.
    StapA,
    /// Units of one time, in decoding order.
    StapB,
    /// Units with decoding order numbers and timestamp offsets of 16 bits.
    Mtap16,
    /// Units with decoding order numbers and timestamp offsets of 24 bits.
    Mtap24,
}

/// An aggregation packet whose sizes fit.
///
/// ```text
/// STAP-A: |F|NRI| 24|                 |size (16)|unit|…
/// STAP-B: |F|NRI| 25|DON (16)         |size (16)|unit|…
/// MTAP16: |F|NRI| 26|DON base (16)    |size (16)|DOND (8)|TS offset (16)|unit|…
/// MTAP24: |F|NRI| 27|DON base (16)    |size (16)|DOND (8)|TS offset (24)|unit|…
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AggregateRef<'a> {
    aggregation: Aggregation,
    /// DON of the first unit of a STAP-B, the base of an MTAP.
    decoding_order: u16,
    units: &'a [u8],
}

/// A unit of an aggregation packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AggregatedUnit<'a> {
    /// The NAL unit; it is not empty.
    pub data: &'a [u8],
    /// DON, its decoding order number; STAP-A has none.
    pub decoding_order: Option<u16>,
    /// How many ticks its time is after the packet's timestamp; 0 in a STAP.
    pub timestamp_offset: u32,
}

/// A fragmentation unit.
///
/// ```text
/// |F|NRI|28 or 29|S|E|R| type |DON (16, FU-B)|data
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FragmentRef<'a> {
    /// The first byte of the unit in fragments.
    pub header: u8,
    /// S: it is the first one.
    pub start: bool,
    /// E: it is the last one.
    pub end: bool,
    /// DON, the decoding order number of the unit; FU-B has it.
    pub decoding_order: Option<u16>,
    /// Its part of the unit, without the unit's first byte. It may be empty.
    pub data: &'a [u8],
}

impl<'a> PayloadRef<'a> {
    /// Reads a payload.
    ///
    /// # Errors
    /// When it is empty or cut off.
    pub fn decode(payload: &'a [u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(payload);
        let first = reader.u8()?;
        let aggregation = match NalType::of(first) {
            kind if kind.is_unit() => return Ok(Self::Single(payload)),
            NalType::STAP_A => Aggregation::StapA,
            NalType::STAP_B => Aggregation::StapB,
            NalType::MTAP16 => Aggregation::Mtap16,
            NalType::MTAP24 => Aggregation::Mtap24,
            NalType::FU_A => return fragment(first, reader, false),
            NalType::FU_B => return fragment(first, reader, true),
            kind => return Ok(Self::Reserved(kind)),
        };
        let decoding_order = match aggregation {
            Aggregation::StapA => 0,
            Aggregation::StapB | Aggregation::Mtap16 | Aggregation::Mtap24 => reader.u16()?,
        };
        let aggregate = AggregateRef {
            aggregation,
            decoding_order,
            units: reader.rest(),
        };
        while !reader.is_empty() {
            aggregate.read(&mut reader)?;
        }
        Ok(Self::Aggregate(aggregate))
    }

    /// Whether the payload belongs to a key frame, as far as the types of its units tell: with a slice of an IDR picture or a
    /// sequence parameter set it does, with other slices alone it does not.
    pub fn is_key_frame(&self) -> Option<bool> {
        match self {
            Self::Single(unit) => NalType::of(*unit.first()?).is_key(),
            Self::Aggregate(aggregate) => aggregate
                .units()
                .filter_map(|unit| NalType::of(*unit.data.first()?).is_key())
                .reduce(|a, b| a || b),
            Self::Fragment(fragment) => NalType::of(fragment.header).is_key(),
            Self::Reserved(_) => None,
        }
    }

    /// Whether a picture may begin with the payload: its first unit is a slice from the first macroblock, or one that stands in
    /// front of slices.
    pub fn is_frame_start(&self) -> bool {
        match self {
            Self::Single(unit) => begins_picture(unit),
            Self::Aggregate(aggregate) => aggregate
                .units()
                .next()
                .is_some_and(|unit| begins_picture(unit.data)),
            Self::Fragment(fragment) => {
                let first = fragment.data.first().copied();
                fragment.start && begins(NalType::of(fragment.header), first)
            }
            Self::Reserved(_) => false,
        }
    }
}

fn begins_picture(unit: &[u8]) -> bool {
    unit.first()
        .is_some_and(|first| begins(NalType::of(*first), unit.get(1).copied()))
}

/// `data` is the first byte behind the header. A slice begins with first_mb_in_slice, an exponential Golomb code whose first
/// bit is set for 0.
fn begins(kind: NalType, data: Option<u8>) -> bool {
    match kind.0 {
        1 | 2 | 5 => data.is_some_and(|data| data & 0x80 != 0),
        6..=9 | 14..=18 => true,
        _ => false,
    }
}

fn fragment<'a>(first: u8, mut reader: Reader<'a>, has_order: bool) -> Result<PayloadRef<'a>, DecodeError> {
    let header = reader.u8()?;
    let decoding_order = if has_order { Some(reader.u16()?) } else { None };
    if !NalType::of(header).is_unit() {
        return Err(DecodeError::new("a fragment of no NAL unit", 1));
    }
    Ok(PayloadRef::Fragment(FragmentRef {
        header: first & 0xe0 | header & 0x1f,
        start: header & 0x80 != 0,
        end: header & 0x40 != 0,
        decoding_order,
        data: reader.rest(),
    }))
}

impl<'a> AggregateRef<'a> {
    /// Which kind it is.
    pub const fn aggregation(&self) -> Aggregation {
        self.aggregation
    }

    /// The units in the order of the packet, without those that are empty or of types that must not be there.
    pub fn units(&self) -> impl Iterator<Item = AggregatedUnit<'a>> + use<'a> {
        let aggregate = *self;
        let mut reader = Reader::new(self.units);
        let mut index = 0u16;
        std::iter::from_fn(move || {
            loop {
                let mut unit = aggregate.read(&mut reader).ok()?;
                if aggregate.aggregation == Aggregation::StapB {
                    unit.decoding_order = Some(aggregate.decoding_order.wrapping_add(index));
                    index = index.wrapping_add(1);
                }
                if unit
                    .data
                    .first()
                    .is_some_and(|first| NalType::of(*first).is_unit())
                {
                    return Some(unit);
                }
            }
        })
    }

    fn read(&self, reader: &mut Reader<'a>) -> Result<AggregatedUnit<'a>, DecodeError> {
        let len = usize::from(reader.u16()?);
        let (mut decoding_order, mut timestamp_offset) = (None, 0);
        if matches!(self.aggregation, Aggregation::Mtap16 | Aggregation::Mtap24) {
            decoding_order = Some(self.decoding_order.wrapping_add(u16::from(reader.u8()?)));
            timestamp_offset = if self.aggregation == Aggregation::Mtap16 {
                u32::from(reader.u16()?)
            } else {
                reader.u24()?
            };
        }
        Ok(AggregatedUnit {
            data: reader.take(len)?,
            decoding_order,
            timestamp_offset,
        })
    }
}
