//! # What it is
//! Media files, a sample builder and a jitter buffer.

pub mod h26x;
pub mod ivf;
pub mod ogg;
pub mod rtpdump;

mod error;
mod input;
mod picture;

pub use error::{DecodeError, Error};
