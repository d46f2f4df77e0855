//! The connection core, against a peer that is made of the blocks and says whatever the script wants – sealed, so that it
//! gets through to the layers inside.

mod ours;
mod peer;

use std::time::Instant;

use crate::duel::{Core, Script, duel};
use crate::ice_targets::{address, index, resign};
use ours::Ours;
use peer::Peer;

/// Where the two ends are, as numbers of the small world of `ice_targets`.
const OURS: u8 = 0;
const PEERS: u8 = 2;

/// One end. Packets have two bytes in front: from where, and to where.
enum Node {
    Ours(Box<Ours>),
    Peer(Box<Peer>),
}

/// The path of a packet as its receiver sees it, and the packet.
fn parse(packet: &mut [u8]) -> Option<(ice::Path, &mut [u8])> {
    let [from, to, datagram @ ..] = packet else {
        return None;
    };
    let path = ice::Path {
        local: address(*to)?,
        remote: address(*from)?,
    };
    Some((path, datagram))
}

impl Core for Node {
    /// Three receive windows and what names, candidates and pairs add.
    const FOOTPRINT: usize = 4 * ours::RECEIVE_BUFFER;

    fn handle_input(&mut self, now: Instant, packet: &mut [u8]) {
        let Some((path, datagram)) = parse(packet) else {
            return;
        };
        match self {
            Self::Ours(ours) => ours.core.handle_input(now, path, datagram),
            Self::Peer(peer) => peer.handle_input(now, path, datagram),
        }
    }

    fn handle_timeout(&mut self, now: Instant) {
        match self {
            Self::Ours(ours) => ours.core.handle_timeout(now),
            Self::Peer(peer) => peer.handle_timeout(now),
        }
    }

    fn poll_transmit(&mut self, now: Instant, out: &mut Vec<u8>) -> bool {
        let mut datagram = Vec::new();
        let path = match self {
            Self::Ours(ours) => {
                let transmit = ours.core.poll_transmit(now, 1, &mut datagram);
                assert!(transmit.is_none_or(|transmit| transmit.len == datagram.len()));
                assert!(datagram.len() <= 1200, "larger than the MTU");
                transmit.map(|transmit| transmit.path)
            }
            Self::Peer(peer) => peer.poll_transmit(now, &mut datagram),
        };
        let Some(path) = path else { return false };
        out.extend([index(path.local), index(path.remote)]);
        out.append(&mut datagram);
        true
    }

    fn poll_event(&mut self, now: Instant) -> bool {
        match self {
            Self::Ours(ours) => ours.poll_event(),
            Self::Peer(peer) => peer.poll_event(now),
        }
    }

    fn poll_timeout(&self) -> Option<Instant> {
        match self {
            Self::Ours(ours) => ours.core.poll_timeout(),
            Self::Peer(peer) => peer.poll_timeout(),
        }
    }

    fn command(&mut self, now: Instant, script: &mut Script<'_>) {
        match self {
            Self::Ours(ours) => ours.command(now, script),
            Self::Peer(peer) => peer.command(now, script),
        }
    }

    /// Checks are signed again; what is sealed has to come from the peer's own commands.
    fn seal(&self, packet: &mut Vec<u8>) {
        match self {
            Self::Ours(ours) => resign(packet, &ours.password(), &ours.peer_password),
            Self::Peer(peer) => resign(packet, &peer.password(), &peer.our_password),
        }
    }

    fn footprint(&self) -> usize {
        match self {
            Self::Ours(ours) => ours.footprint(),
            Self::Peer(_) => 0,
        }
    }
}

/// Everything settles and the next deadlines pass, a few times: enough for a channel to open.
const SET_UP: [u8; 10] = [2, 3, 2, 0x83, 2, 3, 2, 0x83, 2, 2];

/// A connection of ours with a peer that may say anything, in any state.
///
/// # Panics
/// When a law is broken.
pub fn webrtc_connection(data: &[u8]) {
    if let Some((&choice, data)) = data.split_first() {
        run(choice, data);
    }
}

/// What has become of both.
fn run(choice: u8, data: &[u8]) -> Option<[Node; 2]> {
    let now = Instant::now();
    let (mut ours, mut peer) = (Ours::new(now)?, Peer::new(now, choice)?);
    if choice & 4 == 0 {
        introduce(now, choice, &mut ours, &mut peer);
    }
    let mut script = if choice & 8 == 0 {
        SET_UP.to_vec()
    } else {
        Vec::new()
    };
    script.extend_from_slice(data);
    let nodes = [Node::Ours(Box::new(ours)), Node::Peer(Box::new(peer))];
    Some(duel(nodes, &script))
}

/// Signalling: descriptions with all candidates go both ways.
fn introduce(now: Instant, choice: u8, ours: &mut Ours, peer: &mut Peer) {
    if choice & 1 == 0 {
        ours.offer(now);
        ours.take(now, webrtc::SdpType::Answer, &peer.description("active"));
    } else {
        ours.take(now, webrtc::SdpType::Offer, &peer.description("actpass"));
        ours.answer(now);
    }
    peer.learn(now, &ours.description());
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scripts begin with an open channel, whoever offers, with a full peer and a lite one.
    #[test]
    fn the_set_up_is_one() {
        for choice in 0..4 {
            let [Node::Ours(ours), Node::Peer(_)] = run(choice, &[]).unwrap() else {
                panic!("the ends have changed places")
            };
            let state = ours.core.connection_state();
            assert_eq!(state, webrtc::PeerConnectionState::Connected, "choice {choice}");
            assert!(
                ours.core.timeline().channel_open.is_some(),
                "no channel, choice {choice}"
            );
        }
    }
}
