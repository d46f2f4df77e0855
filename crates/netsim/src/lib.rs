//! netsim

mod endpoint;
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
