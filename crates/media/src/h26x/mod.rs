//! H.264 and H.265 as byte streams (Annex B of both): NAL units with start codes between them. A file has no times: whoever
//! plays it knows the frame rate.
//!
//! [`nal_units`] splits a frame in memory; [`AccessUnitReader`] takes a file apart into frames, as packetizers want them,
//! [`NalReader`] into NAL units; [`Writer`] makes a file.

mod access_unit;
mod nal;
mod nal_reader;
mod writer;

pub use access_unit::{AccessUnit, AccessUnitReader};
pub use nal::{Codec, NalUnits, UnitKind, nal_units};
pub use nal_reader::NalReader;
pub use writer::Writer;
