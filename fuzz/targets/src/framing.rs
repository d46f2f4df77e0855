//! RFC 4571 framing over a byte stream that gives and takes what the script says.

use std::collections::VecDeque;
use std::io::{self, IoSliceMut};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use datagram::{Datagram, FramedTcp, RecvMeta, Transmit};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::duel::Script;

const HERE: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1)), 9);
const THERE: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 2)), 9);

/// Both directions of the stream.
#[derive(Debug, Default)]
struct Tube {
    /// What the peer has written, in the pieces in which it is read.
    inbound: VecDeque<Vec<u8>>,
    ended: bool,
    /// What was written, and how much more is taken.
    outbound: Vec<u8>,
    room: usize,
}

#[derive(Clone, Debug, Default)]
struct Wire(Arc<Mutex<Tube>>);

impl Wire {
    fn tube(&self) -> MutexGuard<'_, Tube> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let mut tube = self.tube();
        let Some(mut piece) = tube.inbound.pop_front() else {
            return if tube.ended {
                Poll::Ready(Ok(()))
            } else {
                Poll::Pending
            };
        };
        let rest = piece.split_off(piece.len().min(buffer.remaining()));
        buffer.put_slice(&piece);
        if !rest.is_empty() {
            tube.inbound.push_front(rest);
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Wire {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let mut tube = self.tube();
        let taken = bytes.get(..bytes.len().min(tube.room)).unwrap_or_default();
        if taken.is_empty() {
            return Poll::Pending;
        }
        tube.room -= taken.len();
        tube.outbound.extend_from_slice(taken);
        Poll::Ready(Ok(taken.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// The frames in bytes, as the RFC says, and the bytes of the frame that is not whole.
fn frames(mut bytes: &[u8]) -> (Vec<&[u8]>, &[u8]) {
    let mut frames = Vec::new();
    while let Some((length, rest)) = bytes.split_first_chunk::<2>()
        && let Some((frame, rest)) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))
    {
        frames.push(frame);
        bytes = rest;
    }
    (frames, bytes)
}

struct World {
    framed: FramedTcp<Wire>,
    wire: Wire,
    /// All that the peer has written.
    fed: Vec<u8>,
    received: usize,
    /// All that was taken to be sent.
    sent: Vec<Vec<u8>>,
    /// A burst was larger than what may wait, so that its end may be lost.
    burst: bool,
}

impl World {
    fn step(&mut self, script: &mut Script<'_>) {
        match script.byte() % 8 {
            0 => {
                let length = usize::from(script.byte());
                self.feed(script.bytes(length));
            }
            1 => {
                let length = script.short() & 0x0fff;
                let mut frame = length.to_be_bytes().to_vec();
                frame.resize(2 + usize::from(length), script.byte());
                self.feed(&frame);
            }
            2 | 3 => self.receive(1 + usize::from(script.byte() & 3), usize::from(script.short())),
            4 => self.wire.tube().room += usize::from(script.byte()),
            5 => self.wire.tube().room += usize::from(script.short()),
            6 => self.send(script),
            _ => self.wire.tube().ended |= script.byte() == 0,
        }
    }

    fn feed(&mut self, bytes: &[u8]) {
        let mut tube = self.wire.tube();
        // A read of nothing would be the end.
        if tube.ended || bytes.is_empty() {
            return;
        }
        tube.inbound.push_back(bytes.to_vec());
        self.fed.extend_from_slice(bytes);
    }

    fn receive(&mut self, count: usize, size: usize) {
        let mut buffers = vec![vec![0; size]; count];
        let mut slices: Vec<_> = buffers.iter_mut().map(|buffer| IoSliceMut::new(buffer)).collect();
        let mut meta = vec![RecvMeta::default(); count];
        let mut cx = Context::from_waker(Waker::noop());
        let (expected, _) = frames(&self.fed);
        match self.framed.poll_recv(&mut cx, &mut slices, &mut meta) {
            Poll::Pending => assert_eq!(self.received, expected.len(), "a whole frame waits"),
            Poll::Ready(Err(error)) => {
                assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
                assert!(self.wire.tube().ended, "an end that never came");
                assert_eq!(self.received, expected.len(), "what came before the end is lost");
            }
            Poll::Ready(Ok(filled)) => {
                assert!((1..=count).contains(&filled));
                for (meta, buffer) in meta.iter().zip(&buffers).take(filled) {
                    let frame = expected.get(self.received).copied();
                    let cut = frame.and_then(|frame| frame.get(..frame.len().min(size)));
                    assert_eq!(buffer.get(..meta.len), cut, "frame {}", self.received);
                    assert_eq!(meta.source, THERE);
                    self.received += 1;
                }
            }
        }
    }

    fn send(&mut self, script: &mut Script<'_>) {
        let length = usize::from(script.short());
        let contents = vec![script.byte(); length];
        let segment_size = script.flag().then(|| usize::from(script.short()));
        let transmit = Transmit {
            segment_size,
            ..Transmit::new(THERE, &contents)
        };
        match self.framed.try_send(&transmit) {
            Ok(()) => {
                let packets: Vec<_> = transmit.segments().map(<[u8]>::to_vec).collect();
                self.burst |= length + 2 * packets.len() > 60_000;
                self.sent.extend(packets);
            }
            Err(error) => assert_eq!(error.kind(), io::ErrorKind::WouldBlock),
        }
        self.written();
    }

    /// What was written are frames of what was sent, in order and whole.
    fn written(&self) {
        let tube = self.wire.tube();
        let (written, tail) = frames(&tube.outbound);
        let mut sent = self.sent.iter();
        for frame in &written {
            let is_next = |packet: &Vec<u8>| packet == frame;
            let found = if self.burst {
                sent.any(is_next)
            } else {
                sent.next().is_some_and(is_next)
            };
            assert!(found, "a frame that nobody sent");
        }
        assert!(
            tail.is_empty() || sent.next().is_some(),
            "half a frame of nothing"
        );
    }
}

/// A framed stream that is read and written in pieces of any size, against the frames as the RFC cuts them.
///
/// # Panics
/// When a law is broken.
pub fn datagram_framed(data: &[u8]) {
    let wire = Wire::default();
    let mut world = World {
        framed: FramedTcp::new(wire.clone(), HERE, THERE),
        wire,
        fed: Vec::new(),
        received: 0,
        sent: Vec::new(),
        burst: false,
    };
    let mut script = Script::new(data);
    for _ in 0..200 {
        if script.is_empty() {
            break;
        }
        world.step(&mut script);
    }
    world.wire.tube().room = usize::MAX;
    // Whoever only receives gets the rest out too.
    world.receive(1, 65_535);
    world.written();
    let total: usize = world.sent.iter().map(|packet| packet.len() + 2).sum();
    assert!(
        world.burst || world.wire.tube().outbound.len() == total,
        "a packet that was taken was not written"
    );
}
