//! Packets from NAL units: small ones together, large ones in fragments.

use super::super::{Payloads, piece_len};
use super::cutter::Role;

/// Units of the largest aggregation packet that we send.
const MAX_UNITS: usize = 16;

/// What differs between H.264 and H.265.
pub(in super::super) trait Format {
    /// Bytes of a NAL unit header.
    const HEADER_LEN: usize;

    /// What a unit is; `None` for what is no unit of the codec, and not sent.
    fn role(unit: &[u8]) -> Option<Role>;

    /// Appends the payload header of an aggregation packet with these units.
    fn aggregation_header(units: &[&[u8]], out: &mut Vec<u8>);

    /// Appends the payload header of a fragment of `unit`: that of a NAL unit and one byte more.
    fn fragment_header(unit: &[u8], start: bool, end: bool, out: &mut Vec<u8>);
}

/// Collects the units of one frame.
#[derive(Debug)]
pub(super) struct Packer<'a, 'o> {
    out: &'o mut Payloads,
    mtu: usize,
    /// Whether each unit has to be alone in its packet, without aggregation and fragments.
    is_single: bool,
    /// Units that wait for company.
    units: [&'a [u8]; MAX_UNITS],
    count: usize,
    /// Bytes of them with their sizes.
    len: usize,
    is_too_long: bool,
}

impl<'a, 'o> Packer<'a, 'o> {
    pub(super) fn new(mtu: usize, is_single: bool, out: &'o mut Payloads) -> Self {
        Self {
            out,
            mtu,
            is_single,
            units: [&[]; MAX_UNITS],
            count: 0,
            len: 0,
            is_too_long: false,
        }
    }

    /// A unit, alone, in company or in fragments.
    pub(super) fn add<F: Format>(&mut self, unit: &'a [u8]) {
        if self.is_single {
            return self.single(unit);
        }
        if unit.len() > self.mtu {
            self.flush::<F>();
            return self.fragment::<F>(unit);
        }
        let cost = unit.len() + 2;
        let fits = self.count < MAX_UNITS && F::HEADER_LEN + self.len + cost <= self.mtu;
        if !fits {
            self.flush::<F>();
        }
        if let Some(place) = self.units.get_mut(self.count) {
            *place = unit;
            self.count += 1;
            self.len += cost;
        }
        if unit.len() > usize::from(u16::MAX) {
            self.flush::<F>(); // its size could not be told
        }
    }

    /// Ends the frame; nothing comes out when a part of it does not fit.
    pub(super) fn finish<F: Format>(mut self) {
        self.flush::<F>();
        if self.is_too_long {
            self.out.clear();
        }
    }

    fn single(&mut self, unit: &[u8]) {
        if unit.len() > self.mtu {
            self.is_too_long = true;
        } else {
            self.out.push(&[unit]);
        }
    }

    fn flush<F: Format>(&mut self) {
        let units = self.units.get(..self.count).unwrap_or_default();
        (self.count, self.len) = (0, 0);
        match units {
            [] => {}
            [unit] => self.out.push(&[unit]),
            units => {
                let buffer = self.out.buffer();
                F::aggregation_header(units, buffer);
                for unit in units {
                    buffer.extend(u16::try_from(unit.len()).unwrap_or(u16::MAX).to_be_bytes());
                    buffer.extend_from_slice(unit);
                }
                self.out.close(0);
            }
        }
    }

    fn fragment<F: Format>(&mut self, unit: &[u8]) {
        let room = self.mtu.saturating_sub(F::HEADER_LEN + 1);
        let data = unit.get(F::HEADER_LEN..).unwrap_or_default();
        if room == 0 || data.is_empty() {
            self.is_too_long = true;
            return;
        }
        let piece = piece_len(data.len(), room);
        let count = data.len().div_ceil(piece);
        for (index, fragment) in data.chunks(piece).enumerate() {
            let buffer = self.out.buffer();
            F::fragment_header(unit, index == 0, index + 1 == count, buffer);
            buffer.extend_from_slice(fragment);
            self.out.close(0);
        }
    }
}
