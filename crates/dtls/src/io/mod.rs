//! The façade for tokio: [`DtlsStream`] over any [`Datagram`](datagram::Datagram), and a [`Listener`] that serves many
//! clients on one socket.
//!
//! A stream has no task of its own. Reading, writing, flushing – any of them – receives, retransmits and answers; a
//! stream that nobody polls stands still, as a socket would.

mod driver;
mod listener;
mod listener_stats;
mod options;
mod queue;
mod stream;

pub use listener::{Listener, ListenerOptions};
pub use listener_stats::ListenerStats;
pub use options::{ClientConfig, ServerConfig};
pub use stream::{ConnectError, DtlsStream, accept, connect};
