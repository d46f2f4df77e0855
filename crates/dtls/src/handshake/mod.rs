//! Handshake messages (RFC 6347 §4.2, RFC 5246 §7.4, RFC 8422 §5).
//!
//! Each message decodes from its whole body – the reassembled fragments without the header – and encodes back to the
//! same bytes. Decoding allocates no more than a small multiple of the input, which the reassembly bounds.

mod certificate;
mod client_hello;
mod extensions;
mod header;
mod key_exchange;
mod server_hello;

pub use certificate::{CertificateChain, CertificateRequest, CertificateVerify};
pub use client_hello::{ClientHello, ClientHelloPrefix};
pub use extensions::{ClientExtensions, ServerExtensions, UseSrtp};
pub use header::{HANDSHAKE_HEADER_LENGTH, HandshakeHeader, HandshakeType};
pub use key_exchange::{ClientKeyExchange, ServerKeyExchange};
pub use server_hello::{HelloVerifyRequest, ServerHello};

#[cfg(test)]
mod tests;
