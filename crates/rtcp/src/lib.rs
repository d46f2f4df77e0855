//! # What it is
//! RTCP packets.
