//! # What it is
//! Media files, a sample builder and a jitter buffer.
