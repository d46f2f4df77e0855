//! datachannel
