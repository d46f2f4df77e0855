//! The streams of a chain, and which stream an SSRC belongs to.

use crate::config::Config;
use crate::error::AddError;
use crate::inbound::{InboundStream, SenderClock};
use crate::outbound::OutboundStream;
use crate::stream::{Inbound, InboundId, Outbound, OutboundId};
use crate::table::{Key, Slots, SsrcTable};

/// What an SSRC is to its stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// The stream itself.
    Media(Key),
    /// Its retransmissions.
    Rtx(Key),
}

impl Role {
    pub(crate) const fn key(self) -> Key {
        match self {
            Self::Media(key) | Self::Rtx(key) => key,
        }
    }
}

/// Streams both ways.
#[derive(Debug)]
pub(crate) struct Streams {
    pub(crate) inbound: Slots<InboundStream>,
    pub(crate) outbound: Slots<OutboundStream>,
    pub(crate) inbound_ssrcs: SsrcTable<Role>,
    pub(crate) outbound_ssrcs: SsrcTable<Role>,
    /// Some stream is reported on with transport-wide feedback.
    pub(crate) has_transport_cc: bool,
    pub(crate) sender_clock: SenderClock,
    max: usize,
}

impl Streams {
    pub(crate) fn new(secret: u64, max: usize) -> Self {
        Self {
            inbound: Slots::default(),
            outbound: Slots::default(),
            inbound_ssrcs: SsrcTable::new(secret),
            outbound_ssrcs: SsrcTable::new(secret),
            has_transport_cc: false,
            sender_clock: SenderClock::default(),
            max,
        }
    }

    pub(crate) fn add_inbound(&mut self, config: &Config, stream: Inbound) -> Result<InboundId, AddError> {
        let (ssrc, rtx_ssrc) = (stream.ssrc, stream.rtx_ssrc);
        check(&self.inbound_ssrcs, self.inbound.len() < self.max, ssrc, rtx_ssrc)?;
        self.has_transport_cc |= stream.feedback.transport_cc;
        let stream = InboundStream::new(config, stream);
        let key = self.inbound.insert(stream).ok_or(AddError::TooManyStreams)?;
        enter(&mut self.inbound_ssrcs, key, ssrc, rtx_ssrc);
        Ok(InboundId(key))
    }

    pub(crate) fn bind_inbound_rtx(&mut self, id: InboundId, ssrc: u32) -> Result<(), AddError> {
        let Some(stream) = self.inbound.get_mut(id.0) else {
            return Ok(());
        };
        match self.inbound_ssrcs.get(ssrc) {
            Some(role) if role == Role::Rtx(id.0) => return Ok(()),
            Some(_) => return Err(AddError::SsrcInUse(ssrc)),
            None => {}
        }
        if let Some(old) = &stream.rtx {
            self.inbound_ssrcs.remove(old.ssrc);
        }
        stream.bind_rtx(ssrc);
        self.inbound_ssrcs.insert(ssrc, Role::Rtx(id.0));
        Ok(())
    }

    /// What was negotiated anew; numbers and statistics go on.
    pub(crate) fn update_inbound(
        &mut self,
        config: &Config,
        id: InboundId,
        update: Inbound,
    ) -> Result<(), AddError> {
        if let Some(ssrc) = update.rtx_ssrc {
            self.bind_inbound_rtx(id, ssrc)?;
        }
        if let Some(stream) = self.inbound.get_mut(id.0) {
            stream.update(config, update);
        }
        self.has_transport_cc = self
            .inbound
            .iter()
            .any(|(_, stream)| stream.feedback.transport_cc);
        Ok(())
    }

    pub(crate) fn remove_inbound(&mut self, id: InboundId) -> Option<InboundStream> {
        let stream = self.inbound.remove(id.0)?;
        self.inbound_ssrcs.remove(stream.ssrc);
        if let Some(rtx) = &stream.rtx {
            self.inbound_ssrcs.remove(rtx.ssrc);
        }
        self.has_transport_cc = self
            .inbound
            .iter()
            .any(|(_, stream)| stream.feedback.transport_cc);
        Some(stream)
    }

    pub(crate) fn add_outbound(
        &mut self,
        config: &Config,
        stream: Outbound,
        first_rtx: u16,
    ) -> Result<OutboundId, AddError> {
        let (ssrc, rtx_ssrc) = (stream.ssrc, stream.rtx_ssrc);
        check(
            &self.outbound_ssrcs,
            self.outbound.len() < self.max,
            ssrc,
            rtx_ssrc,
        )?;
        let stream = OutboundStream::new(config, stream, first_rtx);
        let key = self.outbound.insert(stream).ok_or(AddError::TooManyStreams)?;
        enter(&mut self.outbound_ssrcs, key, ssrc, rtx_ssrc);
        Ok(OutboundId(key))
    }

    /// What was negotiated anew; numbers and statistics go on.
    pub(crate) fn update_outbound(
        &mut self,
        config: &Config,
        id: OutboundId,
        update: Outbound,
        first_rtx: u16,
    ) -> Result<(), AddError> {
        let Some(stream) = self.outbound.get_mut(id.0) else {
            return Ok(());
        };
        let begins = update.rtx_ssrc.filter(|_| stream.rtx.is_none());
        stream.update(config, update);
        let Some(ssrc) = begins else { return Ok(()) };
        if self.outbound_ssrcs.get(ssrc).is_some() {
            return Err(AddError::SsrcInUse(ssrc));
        }
        stream.begin_rtx(ssrc, first_rtx);
        self.outbound_ssrcs.insert(ssrc, Role::Rtx(id.0));
        Ok(())
    }

    pub(crate) fn remove_outbound(&mut self, id: OutboundId) -> Option<OutboundStream> {
        let stream = self.outbound.remove(id.0)?;
        self.outbound_ssrcs.remove(stream.ssrc);
        if let Some(rtx) = &stream.rtx {
            self.outbound_ssrcs.remove(rtx.ssrc);
        }
        Some(stream)
    }
}

fn check(table: &SsrcTable<Role>, has_room: bool, ssrc: u32, rtx: Option<u32>) -> Result<(), AddError> {
    if !has_room {
        return Err(AddError::TooManyStreams);
    }
    let taken = [Some(ssrc), rtx]
        .into_iter()
        .flatten()
        .find(|ssrc| table.get(*ssrc).is_some());
    match taken.or(rtx.filter(|rtx| *rtx == ssrc)) {
        Some(ssrc) => Err(AddError::SsrcInUse(ssrc)),
        None => Ok(()),
    }
}

fn enter(table: &mut SsrcTable<Role>, key: Key, ssrc: u32, rtx: Option<u32>) {
    table.insert(ssrc, Role::Media(key));
    if let Some(rtx) = rtx {
        table.insert(rtx, Role::Rtx(key));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inbound(ssrc: u32, rtx_ssrc: Option<u32>) -> Inbound {
        Inbound {
            ssrc,
            rtx_ssrc,
            ..Inbound::default()
        }
    }

    #[test]
    fn ssrcs_belong_to_one_stream() {
        let config = Config::default();
        let mut streams = Streams::new(5, 2);
        let a = streams.add_inbound(&config, inbound(1, Some(2))).unwrap();
        for (ssrc, rtx, taken) in [(1, None, 1), (2, None, 2), (3, Some(1), 1), (3, Some(3), 3)] {
            let refused = streams.add_inbound(&config, inbound(ssrc, rtx));
            assert_eq!(refused, Err(AddError::SsrcInUse(taken)));
        }
        let b = streams.add_inbound(&config, inbound(3, None)).unwrap();
        assert_eq!(
            streams.add_inbound(&config, inbound(4, None)),
            Err(AddError::TooManyStreams)
        );
        assert_eq!(streams.bind_inbound_rtx(b, 2), Err(AddError::SsrcInUse(2)));
        assert_eq!(streams.bind_inbound_rtx(b, 5), Ok(()));
        assert_eq!(streams.bind_inbound_rtx(b, 6), Ok(()));
        assert_eq!(streams.inbound_ssrcs.get(5), None);
        assert_eq!(streams.inbound_ssrcs.get(6), Some(Role::Rtx(b.0)));
        assert!(streams.remove_inbound(a).is_some() && streams.remove_inbound(a).is_none());
        assert_eq!(
            (streams.inbound_ssrcs.get(1), streams.inbound_ssrcs.get(2)),
            (None, None)
        );
        assert!(streams.add_inbound(&config, inbound(1, Some(2))).is_ok());
    }
}
