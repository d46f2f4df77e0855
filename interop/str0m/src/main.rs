//! The forwarder of `cargo xtask bench fan-out --beside str0m`: one publisher's packets go to every subscriber.
//!
//! It speaks the JSON lines of `interop/bench/src/forwarder.rs`. One thread, one socket, str0m in RTP mode, the payload
//! shared between subscribers (`Arc`), each datagram told apart by its sender's address, timeouts fired when they are due
//! and all packets that wait given to a subscriber before it is polled: what a careful user of str0m would write.

mod account;
mod client;

use std::collections::HashMap;
use std::error::Error;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{setsockopt, sockopt};
use serde::{Deserialize, Serialize};
use serde_json::json;
use str0m::net::{Protocol, Receive};
use str0m::rtp::RtpPacket;
use str0m::{Candidate, Input};

use account::{cpu_us, rss_kib};
use client::Client;

type Failure = Box<dyn Error>;

/// As much as our own endpoint asks for.
const RECV_BUFFER: usize = 7 << 20;
/// Datagrams that are read before what they brought is forwarded.
const BATCH: usize = 64;

/// What the audience asks for.
#[derive(Deserialize)]
#[serde(tag = "op", rename_all = "lowercase")]
enum Request {
    Publish { sdp: String },
    Subscribe { sdp: String },
    Account,
}

fn main() -> Result<(), Failure> {
    str0m::crypto::from_feature_flags().install_process_default();
    let socket = UdpSocket::bind("127.0.0.1:0")?;
    socket.set_nonblocking(true)?;
    let _allowed = setsockopt(&socket, sockopt::RcvBufForce, &RECV_BUFFER);
    let address = socket.local_addr()?;
    let forwarder = Forwarder {
        socket,
        address,
        publisher: None,
        subscribers: Vec::new(),
        by_source: HashMap::new(),
        waiting: Vec::new(),
        sent: 0,
        rtcp: 0,
    };
    forwarder.run()
}

#[derive(Clone, Copy)]
enum Who {
    Publisher,
    Subscriber(usize),
}

struct Forwarder {
    socket: UdpSocket,
    address: SocketAddr,
    publisher: Option<Client>,
    subscribers: Vec<Client>,
    by_source: HashMap<SocketAddr, Who>,
    /// Packets of the publisher that nobody has got yet.
    waiting: Vec<RtpPacket>,
    sent: u64,
    rtcp: u64,
}

impl Forwarder {
    fn run(mut self) -> Result<(), Failure> {
        let stdin = std::io::stdin();
        let mut lines = Vec::new();
        loop {
            let read = self.read_datagrams()?;
            self.forward()?;
            let next = self.fire_timeouts()?;
            // Under load the socket is never empty; the audience wants to be heard all the same.
            let timeout = if read == BATCH {
                PollTimeout::ZERO
            } else {
                let timeout = next.saturating_duration_since(Instant::now());
                PollTimeout::try_from(timeout.as_millis().max(1)).unwrap_or(PollTimeout::MAX)
            };
            let mut ready = [
                PollFd::new(self.socket.as_fd(), PollFlags::POLLIN),
                PollFd::new(stdin.as_fd(), PollFlags::POLLIN),
            ];
            poll(&mut ready, timeout)?;
            if ready[1].any().unwrap_or(false) && !self.serve(&mut lines)? {
                return Ok(());
            }
        }
    }

    /// Reads what waits in the socket, at most a batch of it.
    fn read_datagrams(&mut self) -> Result<usize, Failure> {
        let mut buffer = [0; 2000];
        for read in 0..BATCH {
            let (length, source) = match self.socket.recv_from(&mut buffer) {
                Ok(received) => received,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(read),
                Err(error) => return Err(error.into()),
            };
            self.receive(&buffer[..length], source)?;
        }
        Ok(BATCH)
    }

    fn receive(&mut self, datagram: &[u8], source: SocketAddr) -> Result<(), Failure> {
        let Ok(contents) = datagram.try_into() else {
            return Ok(());
        };
        // RFC 5761 §4: RTCP by its packet type.
        if datagram.len() > 1 && (128..192).contains(&datagram[0]) && (192..224).contains(&datagram[1]) {
            self.rtcp += 1;
        }
        let input = Input::Receive(
            Instant::now(),
            Receive {
                proto: Protocol::Udp,
                source,
                destination: self.address,
                contents,
            },
        );
        let Some(who) = self
            .by_source
            .get(&source)
            .copied()
            .or_else(|| self.accepting(&input))
        else {
            return Ok(());
        };
        self.by_source.insert(source, who);
        let Some(client) = self.client(who) else {
            return Ok(());
        };
        client.rtc.handle_input(input)?;
        self.poll(who)
    }

    fn accepting(&self, input: &Input) -> Option<Who> {
        if self
            .publisher
            .as_ref()
            .is_some_and(|client| client.rtc.accepts(input))
        {
            return Some(Who::Publisher);
        }
        let index = self
            .subscribers
            .iter()
            .position(|client| client.rtc.accepts(input));
        index.map(Who::Subscriber)
    }

    fn client(&mut self, who: Who) -> Option<&mut Client> {
        match who {
            Who::Publisher => self.publisher.as_mut(),
            Who::Subscriber(index) => self.subscribers.get_mut(index),
        }
    }

    fn poll(&mut self, who: Who) -> Result<(), Failure> {
        let client = match who {
            Who::Publisher => self.publisher.as_mut(),
            Who::Subscriber(index) => self.subscribers.get_mut(index),
        };
        client.map_or(Ok(()), |client| client.poll(&self.socket, &mut self.waiting))
    }

    fn forward(&mut self) -> Result<(), Failure> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let packets = std::mem::take(&mut self.waiting);
        for subscriber in &mut self.subscribers {
            self.sent += subscriber.write(&packets);
            subscriber.poll(&self.socket, &mut self.waiting)?;
        }
        // What the publisher sent fills the queue again; its memory is kept.
        self.waiting = packets;
        self.waiting.clear();
        Ok(())
    }

    /// Says when the next one is due.
    fn fire_timeouts(&mut self) -> Result<Instant, Failure> {
        let now = Instant::now();
        let mut next = now + Duration::from_millis(100);
        for client in self.publisher.iter_mut().chain(&mut self.subscribers) {
            if client.timeout <= now {
                client.rtc.handle_input(Input::Timeout(now))?;
                client.poll(&self.socket, &mut self.waiting)?;
            }
            next = next.min(client.timeout);
        }
        Ok(next)
    }

    /// False at the end of the input.
    fn serve(&mut self, lines: &mut Vec<u8>) -> Result<bool, Failure> {
        let mut buffer = [0; 16_384];
        let length = std::io::stdin().lock().read(&mut buffer)?;
        lines.extend_from_slice(&buffer[..length]);
        while let Some(end) = lines.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = lines.drain(..=end).collect();
            match serde_json::from_slice(&line)? {
                Request::Publish { sdp } => {
                    let (client, answer) = self.accept(&sdp)?;
                    self.publisher = Some(client);
                    say(&json!({ "sdp": answer }))?;
                }
                Request::Subscribe { sdp } => {
                    let (client, answer) = self.accept(&sdp)?;
                    self.subscribers.push(client);
                    say(&json!({ "sdp": answer }))?;
                }
                Request::Account => say(&json!({
                    "cpu_us": cpu_us()?, "sent": self.sent, "rtcp": self.rtcp, "rss_kib": rss_kib()?,
                }))?,
            }
        }
        Ok(length > 0)
    }

    fn accept(&self, offer: &str) -> Result<(Client, String), Failure> {
        Client::accept(offer, Candidate::host(self.address, "udp")?)
    }
}

fn say(what: &impl Serialize) -> Result<(), Failure> {
    let mut stdout = std::io::stdout().lock();
    serde_json::to_writer(&mut stdout, what)?;
    stdout.write_all(b"\n")?;
    Ok(stdout.flush()?)
}
