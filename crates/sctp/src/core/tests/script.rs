//! A peer that does what the script says, so that a test reads like a ladder diagram.

use crate::codec::*;
use crate::core::Association;
use crate::tsn::{Ssn, Tsn};
use crate::{Config, Event};
use bytes::BufMut;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// The scripted peer's tag and first TSN.
pub(super) const PEER_TAG: u32 = 0x5eed_0001;
pub(super) const PEER_TSN: Tsn = Tsn(1000);

/// A chunk the association sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sent {
    pub(super) kind: ChunkKind,
    pub(super) flags: u8,
    pub(super) value: Vec<u8>,
    /// Tag of its packet, and number of the packet.
    pub(super) tag: u32,
    pub(super) packet: usize,
}

impl Sent {
    pub(super) fn data(&self) -> (Tsn, u16, Ssn, Vec<u8>) {
        let chunk = ChunkRef {
            kind: self.kind,
            flags: self.flags,
            value: &self.value,
        };
        let data = DataRef::decode(&chunk).unwrap();
        (
            data.header.tsn,
            data.header.stream_id,
            data.header.ssn,
            data.payload.to_vec(),
        )
    }

    pub(super) fn tsn(&self) -> Tsn {
        self.data().0
    }

    pub(super) fn sack(&self) -> (Tsn, u32, Vec<(u16, u16)>, Vec<Tsn>) {
        let sack = SackRef::decode(&self.value).unwrap();
        let blocks = sack.gap_blocks().map(|block| (block.start, block.end)).collect();
        (
            sack.sack.cumulative_tsn,
            sack.sack.a_rwnd,
            blocks,
            sack.duplicates().collect(),
        )
    }

    pub(super) fn cause(&self) -> Cause {
        Causes::new(&self.value).next().unwrap().unwrap().code
    }

    pub(super) fn response(&self) -> (u32, ResetResult) {
        let param = Params::new(&self.value).next().unwrap().unwrap();
        let Some(ReconfigParam::Response(response)) = ReconfigParam::decode(&param).unwrap() else {
            panic!("no response: {self:?}")
        };
        (response.response, response.result)
    }
}

/// The association under test and its peer.
pub(super) struct Script {
    pub(super) core: Association,
    pub(super) now: Instant,
    /// The association's tag.
    pub(super) tag: u32,
    /// The association's first TSN.
    pub(super) tsn: Tsn,
    sent: VecDeque<Sent>,
    packets: usize,
}

pub(super) fn chunk(kind: ChunkKind, flags: u8, value: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    write_chunk(&mut out, kind, flags, |out| out.extend_from_slice(value));
    out
}

pub(super) fn init_chunk(kind: ChunkKind, tag: u32, tsn: Tsn, params: &[u8]) -> Vec<u8> {
    let init = Init {
        initiate_tag: tag,
        a_rwnd: 100_000,
        outbound_streams: 100,
        inbound_streams: 200,
        initial_tsn: tsn,
    };
    chunk_of(kind, init, params)
}

fn chunk_of(kind: ChunkKind, init: Init, params: &[u8]) -> Vec<u8> {
    let mut value = Vec::new();
    init.encode(&mut value);
    value.extend_from_slice(params);
    chunk(kind, 0, &value)
}

/// What a peer with both extensions appends.
pub(super) fn capabilities() -> Vec<u8> {
    vec![0xc0, 0, 0, 4, 0x80, 0x08, 0, 6, 130, 192, 0, 0]
}

pub(super) fn data(tsn: Tsn, stream_id: u16, ssn: u16, flags: u8, payload: &[u8]) -> Vec<u8> {
    let header = DataHeader {
        flags: DataFlags(flags),
        tsn,
        stream_id,
        ssn: Ssn(ssn),
        ppid: 53,
    };
    let mut out = Vec::new();
    header.encode(payload.len(), &mut out);
    out.extend_from_slice(payload);
    pad(&mut out, payload.len());
    out
}

/// A whole message in one chunk on stream 0.
pub(super) fn whole(tsn: Tsn, ssn: u16) -> Vec<u8> {
    data(tsn, 0, ssn, 3, b"whole")
}

pub(super) fn sack(cumulative: Tsn, a_rwnd: u32, blocks: &[(u16, u16)]) -> Vec<u8> {
    let mut value = Vec::new();
    let gap_blocks = u16::try_from(blocks.len()).unwrap();
    Sack {
        cumulative_tsn: cumulative,
        a_rwnd,
        gap_blocks,
        duplicates: 0,
    }
    .encode(&mut value);
    for (start, end) in blocks {
        value.put_u16(*start);
        value.put_u16(*end);
    }
    chunk(ChunkKind::SACK, 0, &value)
}

pub(super) fn forward(tsn: Tsn, streams: &[(u16, u16)]) -> Vec<u8> {
    let mut value = tsn.0.to_be_bytes().to_vec();
    for (id, ssn) in streams {
        value.put_u16(*id);
        value.put_u16(*ssn);
    }
    chunk(ChunkKind::FORWARD_TSN, 0, &value)
}

impl Script {
    /// An association at rest.
    pub(super) fn new(config: Config) -> Self {
        Self {
            core: Association::new(config, [9; 32]),
            now: crate::test_time::start(),
            tag: 0,
            tsn: Tsn(0),
            sent: VecDeque::new(),
            packets: 0,
        }
    }

    /// The peer set the association up; it knows both extensions.
    pub(super) fn established() -> Self {
        Self::established_with(Config::default())
    }

    pub(super) fn established_with(config: Config) -> Self {
        let mut script = Self::new(config);
        let cookie = script.init(PEER_TAG, PEER_TSN);
        script.echo(&cookie);
        script
    }

    /// The same with a peer that uses and takes as many streams as there are.
    pub(super) fn established_with_all_streams() -> Self {
        let mut script = Self::new(Config::default());
        let init = Init {
            initiate_tag: PEER_TAG,
            a_rwnd: 100_000,
            outbound_streams: u16::MAX,
            inbound_streams: u16::MAX,
            initial_tsn: PEER_TSN,
        };
        let cookie = script.init_with(PEER_TAG, chunk_of(ChunkKind::INIT, init, &capabilities()));
        script.echo(&cookie);
        script
    }

    fn echo(&mut self, cookie: &[u8]) {
        self.feed(&[chunk(ChunkKind::COOKIE_ECHO, 0, cookie)]);
        self.expect(ChunkKind::COOKIE_ACK);
        assert_eq!(self.core.poll_event(), Some(Event::Connected));
    }

    /// INIT → ← INIT ACK. Learns tag and TSN and returns the cookie.
    pub(super) fn init(&mut self, tag: u32, tsn: Tsn) -> Vec<u8> {
        self.init_with(tag, init_chunk(ChunkKind::INIT, tag, tsn, &capabilities()))
    }

    fn init_with(&mut self, tag: u32, init: Vec<u8>) -> Vec<u8> {
        self.feed_tagged(0, &[init]);
        let answer = self.expect(ChunkKind::INIT_ACK);
        assert_eq!(answer.tag, tag);
        let init = InitRef::decode(&answer.value).unwrap();
        self.tag = init.init.initiate_tag;
        self.tsn = init.init.initial_tsn;
        let cookie = init
            .params()
            .flatten()
            .find(|param| param.kind == ParamKind::STATE_COOKIE);
        cookie.unwrap().value.to_vec()
    }

    /// A packet under the association's tag.
    pub(super) fn feed(&mut self, chunks: &[Vec<u8>]) {
        self.feed_tagged(self.tag, chunks);
    }

    pub(super) fn feed_tagged(&mut self, verification_tag: u32, chunks: &[Vec<u8>]) {
        let mut packet = Vec::new();
        Header {
            source_port: 5000,
            destination_port: 5000,
            verification_tag,
        }
        .encode(&mut packet);
        chunks.iter().for_each(|chunk| packet.extend_from_slice(chunk));
        seal(&mut packet);
        self.core.handle_input(self.now, &packet);
        self.collect();
    }

    /// Takes what the association sends.
    pub(super) fn collect(&mut self) {
        let mut bytes = Vec::new();
        while self.core.poll_transmit(self.now, &mut bytes).is_some() {
            let packet = PacketRef::decode(&bytes).unwrap();
            assert!(packet.checksum_is_valid());
            assert!(bytes.len() <= 1160 && bytes.len() % 4 == 0);
            for chunk in packet.chunks().map(Result::unwrap) {
                self.sent.push_back(Sent {
                    kind: chunk.kind,
                    flags: chunk.flags,
                    value: chunk.value.to_vec(),
                    tag: packet.header.verification_tag,
                    packet: self.packets,
                });
            }
            self.packets += 1;
            bytes.clear();
        }
    }

    /// The next chunk the association sent, which must be of this kind.
    #[track_caller]
    pub(super) fn expect(&mut self, kind: ChunkKind) -> Sent {
        self.collect();
        let sent = self
            .sent
            .pop_front()
            .unwrap_or_else(|| panic!("nothing was sent, {kind:?} expected"));
        assert_eq!(sent.kind, kind, "{sent:?}");
        sent
    }

    #[track_caller]
    pub(super) fn expect_nothing(&mut self) {
        self.collect();
        assert_eq!(self.sent, [], "nothing was expected");
    }

    /// Chunks of the last drain that were not looked at, without draining again.
    pub(super) fn pending(&self) -> usize {
        self.sent.len()
    }

    /// Everything the association sent since the last call.
    pub(super) fn all(&mut self) -> Vec<Sent> {
        self.collect();
        self.sent.drain(..).collect()
    }

    /// Time passes: timers expire one after the other.
    pub(super) fn sleep(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(next) = self.core.poll_timeout().filter(|next| *next <= end) {
            self.now = self.now.max(next);
            self.core.handle_timeout(self.now);
            assert!(
                self.core.poll_timeout().is_none_or(|next| next > self.now),
                "law L2"
            );
            self.collect();
        }
        self.now = end;
    }

    pub(super) fn sleep_ms(&mut self, time: u64) {
        self.sleep(Duration::from_millis(time));
    }

    /// Sends a reliable message.
    pub(super) fn send(&mut self, stream_id: u16, len: usize) {
        self.core
            .send(
                self.now,
                stream_id,
                53,
                vec![7; len].into(),
                &crate::SendOptions::default(),
            )
            .unwrap();
        self.collect();
    }

    pub(super) fn events(&mut self) -> Vec<Event> {
        std::iter::from_fn(|| self.core.poll_event()).collect()
    }
}
