//! SCTP: the wire format, and two associations.

use std::time::{Duration, Instant};

use bytes::Bytes;
use sctp::codec::{
    Causes, ChunkRef, Chunks, DataRef, ForwardTsnRef, InitRef, PacketRef, Params, ReconfigParam, SackRef,
};
use sctp::core::Association;
use sctp::{Config, Event, Reliability, SendOptions};

use crate::duel::{Core, Script, duel};

/// A packet with its chunks, parameters and causes.
///
/// # Panics
/// When a law is broken.
pub fn sctp_decode(data: &[u8]) {
    if let Ok(packet) = PacketRef::decode(data) {
        let _ = packet.checksum_is_valid();
        chunks(packet.chunks());
    }
    // Without the twelve bytes in front.
    params(Params::new(data));
    let _ = Causes::new(data).flatten().take(1000).count();
    let mut sealed = data.to_vec();
    seal(&mut sealed);
    if let Ok(packet) = PacketRef::decode(&sealed) {
        assert!(packet.checksum_is_valid(), "sealed");
    }
}

/// Writes the right checksum over whatever is there.
pub(crate) fn seal(packet: &mut [u8]) {
    if let Some(field) = packet.get_mut(8..12) {
        field.fill(0);
    }
    sctp::codec::seal(packet);
}

fn chunks(chunks: Chunks<'_>) {
    for chunk in chunks {
        let Ok(chunk) = chunk else { return };
        values(&chunk);
    }
}

fn values(chunk: &ChunkRef<'_>) {
    let _ = (
        DataRef::decode(chunk),
        chunk.kind.unknown_action(),
        chunk.has_reflected_tag(),
    );
    if let Ok(init) = InitRef::decode(chunk.value) {
        params(init.params());
    }
    if let Ok(sack) = SackRef::decode(chunk.value) {
        assert!(sack.gap_blocks().count() + sack.duplicates().count() <= chunk.value.len() / 4);
    }
    if let Ok(forward) = ForwardTsnRef::decode(chunk.value) {
        assert!(forward.streams().count() <= chunk.value.len() / 4);
    }
    params(Params::new(chunk.value));
    let _ = Causes::new(chunk.value).flatten().take(1000).count();
}

fn params(params: Params<'_>) {
    for param in params {
        let Ok(param) = param else { return };
        let _ = (ReconfigParam::decode(&param), param.kind.unknown_action());
    }
}

struct Node(Association);

impl Core for Node {
    /// What was received may fill the window three times where it waits for missing pieces, and a message and a packet
    /// more; what is to be sent has its buffer.
    const FOOTPRINT: usize = 3 * RECEIVE_WINDOW + 2 * MAX_MESSAGE + SEND_BUFFER + 4096;

    fn handle_input(&mut self, now: Instant, packet: &mut [u8]) {
        self.0.handle_input(now, packet);
    }

    fn handle_timeout(&mut self, now: Instant) {
        self.0.handle_timeout(now);
    }

    fn poll_transmit(&mut self, now: Instant, out: &mut Vec<u8>) -> bool {
        let sent = self.0.poll_transmit(now, out).is_some();
        assert!(
            !sent || PacketRef::decode(out).is_ok_and(|packet| packet.checksum_is_valid()),
            "what is sent is SCTP"
        );
        sent
    }

    fn poll_event(&mut self, _now: Instant) -> bool {
        match self.0.poll_event() {
            Some(Event::Closed(reason)) => !format!("{reason:?}").is_empty(),
            Some(_) => true,
            None => false,
        }
    }

    fn poll_timeout(&self) -> Option<Instant> {
        self.0.poll_timeout()
    }

    fn command(&mut self, now: Instant, script: &mut Script<'_>) {
        command(&mut self.0, now, script);
    }

    fn seal(&self, packet: &mut Vec<u8>) {
        seal(packet);
    }

    fn footprint(&self) -> usize {
        let stats = self.0.stats();
        stats.receive_buffered + stats.send_buffered
    }
}

fn command(association: &mut Association, now: Instant, script: &mut Script<'_>) {
    match script.byte() % 16 {
        0 => association.connect(now),
        1..=7 => {
            let stream = u16::from(script.byte() & 7);
            let kind = script.byte();
            let options = SendOptions {
                unordered: kind & 1 != 0,
                reliability: match kind >> 1 & 3 {
                    0 | 1 => Reliability::Reliable,
                    2 => Reliability::Retransmits((kind >> 4).into()),
                    _ => Reliability::Lifetime(Duration::from_millis(u64::from(kind >> 3) * 20)),
                },
                ..SendOptions::default()
            };
            let length = usize::from(script.short()) % 9000;
            let _ = association.send(now, stream, 51, Bytes::from(vec![kind; length]), &options);
        }
        8..=10 => {
            for stream in 0..8 {
                while association.recv(stream).is_some() {}
            }
        }
        11 | 12 => {
            let bits = script.byte();
            let streams: Vec<u16> = (0..8).filter(|stream| bits >> stream & 1 != 0).collect();
            let _ = association.reset_streams(now, &streams);
        }
        13 => association
            .set_buffered_amount_low_threshold(u16::from(script.byte() & 7), usize::from(script.short())),
        14 => association.shutdown(now),
        _ => association.abort(now, &script.text(8)),
    }
}

/// Small, so that a script can fill them.
const RECEIVE_WINDOW: usize = 16 * 1024;
const SEND_BUFFER: usize = 64 * 1024;
const MAX_MESSAGE: usize = 8 * 1024;

/// Two associations, and whatever happens between them.
///
/// # Panics
/// When a law is broken.
pub fn sctp_association(data: &[u8]) {
    let Some((&choice, data)) = data.split_first() else {
        return;
    };
    let config = Config {
        receive_window: RECEIVE_WINDOW,
        send_buffer: SEND_BUFFER,
        max_message_size: MAX_MESSAGE,
        ..Config::default()
    };
    let now = Instant::now();
    let mut nodes = [1, 2].map(|side| Node(Association::new(config.clone(), [side; 32])));
    for (bit, node) in nodes.iter_mut().enumerate() {
        if choice >> bit & 1 == 0 {
            node.0.connect(now);
        }
    }
    duel(nodes, data);
}
