//! What can go wrong with a file.

use std::io;

/// Why a file cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The reader or writer below failed.
    #[error("reading or writing failed: {0}")]
    Io(#[from] io::Error),
    /// The file ends within a structure. Files of recordings that were cut off end so: whatever was read before is good.
    #[error("the file ends within a structure that begins at byte {offset}")]
    Truncated {
        /// Where the structure begins, in bytes from the start of the file.
        offset: u64,
    },
    /// The bytes are not of this format. Nothing behind them can be read.
    #[error("{reason} at byte {offset}")]
    Malformed {
        /// What is wrong.
        reason: &'static str,
        /// Where, in bytes from the start of the file.
        offset: u64,
    },
    /// The file announces something larger than the reader's limit. Raise the limit if the file is trusted.
    #[error("{len} bytes are announced at byte {offset}, more than the limit of {limit}")]
    TooLarge {
        /// What the file announces, in bytes.
        len: u64,
        /// The limit, in bytes.
        limit: u64,
        /// Where, in bytes from the start of the file.
        offset: u64,
    },
    /// What was to be written does not fit into the format: a misuse.
    #[error("cannot be written: {0}")]
    Unwritable(&'static str),
}

/// Why a structure in memory cannot be decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason} at byte {offset}")]
pub struct DecodeError {
    /// What is wrong.
    pub reason: &'static str,
    /// Where, in bytes from the start of the structure.
    pub offset: usize,
}
