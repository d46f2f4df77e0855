//! # What it is
//!
//! A network that exists in memory and in virtual time, to test protocols on: [`Network`] runs sans-IO cores against each
//! other over seeded links that delay, lose, reorder, duplicate and refuse datagrams, through NATs, across changing
//! addresses. A minute of network takes milliseconds, and a seed that fails fails again.
//!
//! [`laws`] checks what every core promises to its driver, whatever the protocol.
//!
//! # RFCs
//!
//! RFC 4787 (NAT behaviour for UDP: mapping, filtering, timeout, hairpinning), RFC 5737 (the addresses in the examples).
//!
//! # Use it in a test
//!
//! Implement [`Endpoint`] around a core, put two of them on a network, and run it.
//!
//! ```
//! use netsim::{Endpoint, Link, Network, Path, Transmit};
//! use std::time::{Duration, Instant};
//!
//! /// Sends "ping" until it hears something.
//! #[derive(Default)]
//! struct Pinger { path: Option<Path>, due: Option<Instant>, pings: u32, heard: bool }
//!
//! impl Endpoint for Pinger {
//!     type Event = ();
//!     fn handle_input(&mut self, _now: Instant, path: Path, _datagram: &mut [u8]) {
//!         self.path = Some(path);
//!         self.pings += u32::from(!self.heard);
//!         self.heard = true;
//!         self.due = None;
//!     }
//!     fn handle_timeout(&mut self, now: Instant) {
//!         if self.due.is_some_and(|due| due <= now) {
//!             self.ping(now);
//!         }
//!     }
//!     fn poll_transmit(&mut self, _now: Instant, out: &mut Vec<u8>) -> Option<Transmit> {
//!         self.pings = self.pings.checked_sub(1)?;
//!         out.extend(b"ping");
//!         Some(Transmit { path: self.path?, segment_size: None })
//!     }
//!     fn poll_event(&mut self) -> Option<()> { None }
//!     fn poll_timeout(&self) -> Option<Instant> { self.due }
//! }
//!
//! impl Pinger {
//!     fn ping(&mut self, now: Instant) {
//!         self.pings += 1;
//!         self.due = Some(now + Duration::from_secs(1));
//!     }
//! }
//!
//! // 20 ms each way, jitter, reordering, half of all datagrams lost.
//! let pingers = [Pinger::default(), Pinger::default()];
//! let (mut network, alice, bob) = Network::pair(7, &Link::hostile(0.5), pingers);
//! network.with(alice, |alice, now| {
//!     alice.path = Some(Path::new("192.0.2.1:9".parse().unwrap(), "192.0.2.2:9".parse().unwrap()));
//!     alice.ping(now);
//! });
//! assert!(network.run_while(Duration::from_secs(60), |network| !network.endpoint(bob).heard));
//! println!("heard after {:?}: {:?}", network.elapsed(), network.stats());
//! ```
//!
//! # Drive it yourself
//!
//! [`Network::step`] lets one thing happen at a time; [`Network::with`] gives a command in between and
//! [`Network::after`] at a later time, [`Network::run_until`] and [`Network::run_while`] do the rest. When a test fails,
//! [`Network::keep_trace`] shows the way of every datagram.
//!
//! ```
//! # use netsim::{Endpoint, Path, Transmit};
//! # use std::time::Instant;
//! # struct Silent;
//! # impl Endpoint for Silent {
//! #     type Event = ();
//! #     fn handle_input(&mut self, _: Instant, _: Path, _: &mut [u8]) {}
//! #     fn handle_timeout(&mut self, _: Instant) {}
//! #     fn poll_transmit(&mut self, _: Instant, _: &mut Vec<u8>) -> Option<Transmit> { None }
//! #     fn poll_event(&mut self) -> Option<()> { None }
//! #     fn poll_timeout(&self) -> Option<Instant> { None }
//! # }
//! use netsim::{INTERNET, Link, Loss, Nat, Network};
//! use std::time::Duration;
//!
//! let mut network = Network::new(1);
//! let dsl = Link { rate: Some(2_000_000), loss: Loss::bursts(0.02, 5.0), ..Link::default() };
//! let home = network.add_nat(INTERNET, &["203.0.113.1".parse().unwrap()], Nat::port_restricted());
//! let phone = "10.0.0.2".parse().unwrap();
//! let node = network.add_host_in(home, Silent, &[phone], &dsl);
//! // The Wi-Fi drops for a second, then the router restarts.
//! network.after(Duration::from_secs(5), move |network| network.set_up(node, phone, false));
//! network.after(Duration::from_secs(6), move |network| network.set_up(node, phone, true));
//! network.after(Duration::from_secs(9), move |network| network.restart_nat(home));
//! while network.step() {}
//! assert_eq!(network.elapsed(), Duration::from_secs(9));
//! ```
//!
//! # Limits and defaults
//!
//! | | default | why |
//! |---|---|---|
//! | [`Link`] | ideal | a test names what it tests |
//! | [`Link::queue`] | 256 KiB, with a [`Link::rate`] only | a home router's order of magnitude |
//! | [`Nat`] | all endpoint-independent, 2 minutes, no hairpinning | the friendliest that RFC 4787 allows |
//! | trace | nothing kept | memory |
//! | [`laws::Case`] | 16 seeds of 30 s, 10 ms each way, odd seeds lose 10 % | some milliseconds for a small core |
//! | polls of an endpoint at one instant | 1,000,000, or 1,000 timeouts | then the endpoint is at fault and the test ends |
//!
//! Datagrams under way are bounded by what endpoints send and, where a link has a rate, by its queue.
//!
//! # What it does not do
//!
//! No TCP, no ICMP, no IP fragmentation, no ECN marks, no NAT between IPv4 and IPv6, no threads: one network is one thread's, and
//! tests run many networks side by side. Sizes are UDP payload throughout.

mod endpoint;
pub mod laws;
mod link;
mod nat;
mod network;
mod schedule;
mod topology;
#[cfg(test)]
mod toy;
mod trace;

pub use endpoint::{Endpoint, Path, Transmit};
pub use link::{DropReason, Link, Loss};
pub use nat::{Behavior, Nat};
pub use network::{Network, NodeId};
pub use topology::{INTERNET, Realm};
pub use trace::{Stats, TraceEntry, TraceEvent};
