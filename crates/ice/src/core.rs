//! The agent without sockets and clock.

mod active;
mod agent;
mod checks;
mod consent;
mod data;
mod formation;
mod gather;
mod lifecycle;
mod local;
mod message;
mod moving;
mod nomination;
mod outbox;
mod pair;
mod remote;
mod requests;
mod responses;
mod session;
mod snapshot;
mod transaction;

pub use agent::Agent;
pub(crate) use session::transaction_tag;

#[cfg(test)]
mod tests;
