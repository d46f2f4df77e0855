//! RFC 7798 §4.4: the structures that a payload can have.

use super::super::reader::Reader;
use super::{ControlRef, NalHeader, NalType};
use crate::DecodeError;

/// A payload.
///
/// ```
/// use rtp::payload::h265::{NalType, PayloadRef, Structure};
///
/// let packet = [0x60, 0x01, 0, 3, 0x40, 0x01, 0x0c, 0, 3, 0x42, 0x01, 0x01];
/// let payload = PayloadRef::decode(&packet, false)?;
/// let Structure::Aggregate(aggregate) = payload.structure else { panic!() };
/// let types: Vec<_> = aggregate.units().map(|unit| unit.header.nal_type()).collect();
/// assert_eq!(types, [NalType::VPS, NalType::SPS]);
///
/// assert!(PayloadRef::decode(&packet[..11], false).is_err());
/// # Ok::<(), rtp::DecodeError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PayloadRef<'a> {
    /// Control information that stood in front (§4.4.4).
    pub control: Option<ControlRef<'a>>,
    /// What it carries.
    pub structure: Structure<'a>,
}

/// What a payload carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Structure<'a> {
    /// One NAL unit (§4.4.1).
    Single(UnitRef<'a>),
    /// Several (§4.4.2).
    Aggregate(AggregateRef<'a>),
    /// A part of one (§4.4.3).
    Fragment(FragmentRef<'a>),
    /// A type that has no meaning yet; to be ignored.
    Reserved(NalType),
}

/// A NAL unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnitRef<'a> {
    /// Its header.
    pub header: NalHeader,
    /// DON, its decoding order number, in streams that have such.
    pub decoding_order: Option<u16>,
    /// What comes behind the header.
    pub data: &'a [u8],
}

/// An aggregation packet whose sizes fit.
///
/// ```text
/// |PayloadHdr (Type=48)|DONL (16)|size (16)|unit|DOND (8)|size (16)|unit|…
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AggregateRef<'a> {
    has_order: bool,
    units: &'a [u8],
}

/// A fragmentation unit.
///
/// ```text
/// |PayloadHdr (Type=49)|S|E| FuType (6)|DONL (16, with S)|data
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FragmentRef<'a> {
    /// The header of the unit in fragments.
    pub header: NalHeader,
    /// S: it is the first one.
    pub start: bool,
    /// E: it is the last one.
    pub end: bool,
    /// DON of the unit, in the first one of streams that have such.
    pub decoding_order: Option<u16>,
    /// Its part of the unit, without the unit's header.
    pub data: &'a [u8],
}

impl<'a> PayloadRef<'a> {
    /// Reads a payload; `has_order` says whether the stream has decoding order numbers (`sprop-max-don-diff` above 0).
    ///
    /// # Errors
    /// When it is cut off, or structures are nested that must not be.
    pub fn decode(payload: &'a [u8], has_order: bool) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(payload);
        let mut header = NalHeader(reader.array()?);
        let mut control = None;
        if header.nal_type() == NalType::PACI {
            let (found, inner) = ControlRef::read(header, &mut reader)?;
            (control, header) = (Some(found), inner);
        }
        Ok(Self {
            control,
            structure: Structure::read(header, reader, has_order)?,
        })
    }
}

impl<'a> Structure<'a> {
    fn read(header: NalHeader, mut reader: Reader<'a>, has_order: bool) -> Result<Self, DecodeError> {
        Ok(match header.nal_type() {
            NalType::AP => {
                let aggregate = AggregateRef {
                    has_order,
                    units: reader.rest(),
                };
                let mut order = None;
                while !reader.is_empty() {
                    aggregate.read(&mut reader, &mut order)?;
                }
                Self::Aggregate(aggregate)
            }
            NalType::FU => Self::Fragment(FragmentRef::read(header, reader, has_order)?),
            NalType::PACI => return Err(reader.error("nested control information")),
            kind if kind.is_unit() => {
                let decoding_order = if has_order { Some(reader.u16()?) } else { None };
                Self::Single(UnitRef {
                    header,
                    decoding_order,
                    data: reader.rest(),
                })
            }
            kind => Self::Reserved(kind),
        })
    }

    /// Whether the payload belongs to a frame at which decoding can start, as far as the types of its units tell: with a slice
    /// of an IDR, CRA or BLA picture, a video or a sequence parameter set it does, with other slices alone it does not.
    pub fn is_key_frame(&self) -> Option<bool> {
        match self {
            Self::Single(unit) => unit.header.nal_type().is_key(),
            Self::Aggregate(aggregate) => aggregate
                .units()
                .filter_map(|unit| unit.header.nal_type().is_key())
                .reduce(|a, b| a || b),
            Self::Fragment(fragment) => fragment.header.nal_type().is_key(),
            Self::Reserved(_) => None,
        }
    }

    /// Whether a picture may begin with the payload: its first unit is a first slice, or one that stands in front of slices.
    pub fn is_frame_start(&self) -> bool {
        match self {
            Self::Single(unit) => begins(unit.header, unit.data),
            Self::Aggregate(aggregate) => aggregate
                .units()
                .next()
                .is_some_and(|unit| begins(unit.header, unit.data)),
            Self::Fragment(fragment) => fragment.start && begins(fragment.header, fragment.data),
            Self::Reserved(_) => false,
        }
    }
}

/// A slice begins with first_slice_segment_in_pic_flag.
fn begins(header: NalHeader, data: &[u8]) -> bool {
    match header.nal_type().0 {
        0..=31 => data.first().is_some_and(|first| first & 0x80 != 0),
        // Parameter sets, the delimiter, SEI in front, and what is reserved for such.
        32..=35 | 39 | 41..=44 => true,
        _ => false,
    }
}

impl<'a> FragmentRef<'a> {
    fn read(header: NalHeader, mut reader: Reader<'a>, has_order: bool) -> Result<Self, DecodeError> {
        let fields = reader.u8()?;
        let kind = NalType(fields & 0x3f);
        if !kind.is_unit() {
            return Err(reader.error("a fragment of no NAL unit"));
        }
        let start = fields & 0x80 != 0;
        let decoding_order = if start && has_order {
            Some(reader.u16()?)
        } else {
            None
        };
        Ok(Self {
            header: header.with_type(kind),
            start,
            end: fields & 0x40 != 0,
            decoding_order,
            data: reader.rest(),
        })
    }
}

impl<'a> AggregateRef<'a> {
    /// The units in the order of the packet, without those that are too short or of types that must not be there.
    pub fn units(&self) -> impl Iterator<Item = UnitRef<'a>> + use<'a> {
        let aggregate = *self;
        let mut reader = Reader::new(self.units);
        let mut order = None;
        std::iter::from_fn(move || {
            loop {
                let unit = aggregate.read(&mut reader, &mut order).ok()?;
                let Some((header, data)) = unit.split_first_chunk() else {
                    continue;
                };
                let header = NalHeader(*header);
                if header.nal_type().is_unit() {
                    return Some(UnitRef {
                        header,
                        decoding_order: order,
                        data,
                    });
                }
            }
        })
    }

    /// The next unit. `order` is that of the unit before.
    fn read(&self, reader: &mut Reader<'a>, order: &mut Option<u16>) -> Result<&'a [u8], DecodeError> {
        if self.has_order {
            *order = Some(match *order {
                None => reader.u16()?,
                Some(before) => before.wrapping_add(u16::from(reader.u8()?)).wrapping_add(1),
            });
        }
        let len = usize::from(reader.u16()?);
        reader.take(len)
    }
}
