//! The connection core on the virtual network: set-up and transfers over links that lose, reorder, duplicate and cut.

mod laws;
mod peer;
mod setup;
mod transfer;
