//! # What it is
//! SRTP and SRTCP.
