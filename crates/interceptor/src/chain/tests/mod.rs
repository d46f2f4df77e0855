//! The chain against a scripted peer.
