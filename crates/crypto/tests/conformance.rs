//! The conformance suite with the providers that are compiled in, and the providers with each other.

#![cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]

use crypto::conformance::{self, Failure};
use crypto::{Aead, Backend, Hash, Provider, Secret, SigningKey};

fn conforms(provider: &Provider) -> Result<(), Failure> {
    let report = conformance::run(provider)?;
    assert_eq!(report.skipped, Vec::<String>::new());
    assert!(report.checks > 10_000, "{report:?}");
    Ok(())
}

#[cfg(feature = "aws-lc-rs")]
#[test]
fn aws_lc_rs_conforms() -> Result<(), Failure> {
    conforms(&Provider::aws_lc_rs())
}

#[cfg(feature = "rust-crypto")]
#[test]
fn rust_crypto_conforms() -> Result<(), Failure> {
    conforms(&Provider::rust_crypto())
}

#[cfg(all(feature = "aws-lc-rs", feature = "rust-crypto"))]
#[test]
fn the_providers_understand_each_other() -> Result<(), Failure> {
    let report = conformance::run_between(&Provider::aws_lc_rs(), &Provider::rust_crypto())?;
    assert_eq!(report.skipped, Vec::<String>::new());
    assert!(report.checks > 5_000, "{report:?}");
    Ok(())
}

#[cfg(feature = "aws-lc-rs")]
#[test]
fn the_default_is_aws_lc_rs_where_it_is_compiled_in() {
    assert_eq!(Provider::default().name(), "aws-lc-rs");
}

#[cfg(not(feature = "aws-lc-rs"))]
#[test]
fn the_default_is_pure_rust_where_nothing_else_is_compiled_in() {
    assert_eq!(Provider::default().name(), "rust-crypto");
}

#[test]
fn everything_is_shared_between_threads() {
    fn shared<T: Send + Sync + ?Sized>() {}
    shared::<Provider>();
    shared::<dyn Backend>();
    shared::<dyn SigningKey>();
    shared::<dyn crypto::AeadKey>();
    shared::<dyn crypto::CtrKey>();
    shared::<dyn crypto::MacKey>();
    shared::<dyn crypto::HashState>();
    shared::<dyn crypto::KeyExchange>();
}

#[test]
fn nothing_secret_is_printed() {
    let provider = Provider::default();
    let secret = b"0123456789abcdef";
    let printed = [
        format!("{:?}", Secret::from(&secret[..])),
        format!("{:?}", provider.aead(Aead::Aes128Gcm, secret).unwrap()),
        format!("{:?}", provider.ctr(crypto::Ctr::Aes128, secret).unwrap()),
        format!("{:?}", provider.mac(crypto::Mac::HmacSha1, secret)),
        format!("{:?}", provider.hash(Hash::Sha256)),
    ];
    for text in printed {
        assert!(
            !text.contains("0123") && !text.contains("48, 49, 50") && !text.contains("3031"),
            "{text}"
        );
    }
}

#[test]
fn random_bytes_differ_between_threads() {
    let mut drawn: Vec<[u8; 32]> = Vec::new();
    for thread in (0..8).map(|_| {
        std::thread::spawn(|| {
            let mut bytes = [0; 32];
            Provider::default().random(&mut bytes);
            bytes
        })
    }) {
        drawn.push(thread.join().unwrap());
    }
    drawn.sort_unstable();
    drawn.dedup();
    assert_eq!(drawn.len(), 8);
}
