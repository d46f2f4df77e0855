//! The conformance suite: what the protocols count on, as vectors from RFCs and NIST and as properties. Run it in the
//! tests of a provider of your own. What that says it does not have (`supports_…`) is left out, where it is refused with
//! `Unsupported`; `tests/third_provider.rs` is a small provider that passes.
//!
//! ```
//! # #[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))] {
//! let report = crypto::conformance::run(&crypto::Provider::default())?;
//! assert!(report.checks > 500);
//! assert!(report.skipped.is_empty());
//! # }
//! # Ok::<(), crypto::conformance::Failure>(())
//! ```

mod between;
mod bytes;
mod digests;
mod exchange;
mod keys;
mod loading;
mod signature;
mod symmetric;
mod vectors;

use std::fmt;

use crate::Provider;
use bytes::Hex;

/// What the suite did.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Report {
    /// Number of checks that held.
    pub checks: usize,
    /// What was left out because the provider says that it does not support it.
    pub skipped: Vec<String>,
}

/// The first check that did not hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("provider {provider} fails: {case}")]
#[non_exhaustive]
pub struct Failure {
    /// The provider's name, or both names.
    pub provider: String,
    /// What was expected, with the source of the vector.
    pub case: String,
}

/// Checks one provider: vectors, properties and bad input.
///
/// # Errors
/// [`Failure`] names the first check that does not hold.
pub fn run(provider: &Provider) -> Result<Report, Failure> {
    let mut checks = Checks::new(provider, provider.name().to_owned());
    symmetric::random(&mut checks)?;
    symmetric::hash(&mut checks)?;
    symmetric::mac(&mut checks)?;
    symmetric::ctr(&mut checks)?;
    symmetric::aead(&mut checks)?;
    exchange::run(&mut checks)?;
    signature::run(&mut checks)?;
    loading::run(&mut checks)?;
    Ok(checks.report)
}

/// Checks that two providers understand each other: one seals and the other opens, one signs and the other verifies,
/// and they agree on a secret, each way.
///
/// # Errors
/// [`Failure`] names the first check that does not hold.
pub fn run_between(first: &Provider, second: &Provider) -> Result<Report, Failure> {
    let mut checks = Checks::new(first, format!("{} with {}", first.name(), second.name()));
    between::run(&mut checks, second)?;
    Ok(checks.report)
}

/// A run of the suite.
struct Checks<'p> {
    provider: &'p Provider,
    name: String,
    report: Report,
}

impl<'p> Checks<'p> {
    fn new(provider: &'p Provider, name: String) -> Self {
        Self {
            provider,
            name,
            report: Report::default(),
        }
    }

    fn failure(&self, case: impl fmt::Display) -> Failure {
        Failure {
            provider: self.name.clone(),
            case: case.to_string(),
        }
    }

    /// Fails unless the condition holds.
    fn holds(&mut self, condition: bool, case: impl fmt::Display) -> Result<(), Failure> {
        if !condition {
            return Err(self.failure(case));
        }
        self.report.checks += 1;
        Ok(())
    }

    /// The value of a call that has to succeed.
    fn value<T, E: fmt::Display>(
        &mut self,
        result: Result<T, E>,
        case: impl fmt::Display,
    ) -> Result<T, Failure> {
        self.report.checks += usize::from(result.is_ok());
        result.map_err(|error| self.failure(format_args!("{case}: {error}")))
    }

    /// Fails unless the call failed with just this error.
    fn refused<T, E: PartialEq + fmt::Display>(
        &mut self,
        result: Result<T, E>,
        expected: E,
        case: impl fmt::Display,
    ) -> Result<(), Failure> {
        match result {
            Err(error) if error == expected => self.holds(true, case),
            Err(error) => Err(self.failure(format_args!("{case}: expected `{expected}`, got `{error}`"))),
            Ok(_) => Err(self.failure(format_args!("{case}: expected `{expected}`, got none"))),
        }
    }

    /// The bytes of a vector.
    fn bytes(&self, hex: &str) -> Result<Vec<u8>, Failure> {
        Hex(hex)
            .decode()
            .ok_or_else(|| self.failure("a vector of this suite is not hexadecimal"))
    }

    /// The bytes of a vector of fixed length.
    fn array<const N: usize>(&self, hex: &str) -> Result<[u8; N], Failure> {
        let bytes = self.bytes(hex)?;
        bytes
            .try_into()
            .map_err(|_| self.failure("a vector of this suite has another length"))
    }

    fn skip(&mut self, what: impl fmt::Debug) {
        self.report.skipped.push(format!("{what:?}"));
    }

    /// Leaves out what the provider says it does not have, once it is seen that it refuses that.
    fn lacks<T, E: PartialEq + fmt::Display>(
        &mut self,
        result: Result<T, E>,
        expected: E,
        what: impl fmt::Debug,
    ) -> Result<(), Failure> {
        self.refused(result, expected, format_args!("{what:?}, which it does not have"))?;
        self.skip(what);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
