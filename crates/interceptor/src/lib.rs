//! # What it is
//! RTP and RTCP processing between a transport and tracks.
