//! Agents over UDP sockets, under tokio.
//!
//! One task drives a set of sockets and all agents on them: an agent of its own has the sockets that
//! [`Agent::gather`] binds, an [`Endpoint`] has one for many. Calls on the handles do their work inline and send at
//! once; the task only moves what arrives, and time.

mod agent;
mod connection;
mod driver;
mod endpoint;
mod gathering;
mod hub;
mod interfaces;
mod servers;
mod shared;

pub use agent::{Agent, Events};
pub use connection::{ConnectError, Connection};
pub use endpoint::Endpoint;
pub use gathering::GatherOptions;
pub use interfaces::{InterfaceAddress, interface_addresses};
pub use servers::{LookUp, look_up_servers};
