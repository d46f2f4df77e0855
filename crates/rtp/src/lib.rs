//! # What it is
//! RTP packets, header extensions and payload formats.
