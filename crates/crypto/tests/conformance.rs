//! The conformance suite with the providers that are compiled in, and the providers with each other.

#![cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]

use crypto::{Provider, conformance};

fn conforms(provider: &Provider) {
    let report = conformance::run(provider).unwrap_or_else(|failure| panic!("{failure}"));
    assert_eq!(report.skipped, Vec::<String>::new());
    assert!(report.checks > 10_000, "{report:?}");
}

#[cfg(feature = "aws-lc-rs")]
#[test]
fn aws_lc_rs_conforms() {
    conforms(&Provider::aws_lc_rs());
}

#[cfg(feature = "rust-crypto")]
#[test]
fn rust_crypto_conforms() {
    conforms(&Provider::rust_crypto());
}

#[cfg(all(feature = "aws-lc-rs", feature = "rust-crypto"))]
#[test]
fn the_providers_understand_each_other() {
    let report = conformance::run_between(&Provider::aws_lc_rs(), &Provider::rust_crypto())
        .unwrap_or_else(|failure| panic!("{failure}"));
    assert_eq!(report.skipped, Vec::<String>::new());
    assert!(report.checks > 5_000, "{report:?}");
}
