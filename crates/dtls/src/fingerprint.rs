//! Certificate fingerprints (RFC 8122 §5), as in SDP's `a=fingerprint`.

use std::fmt;
use std::str::FromStr;

use crypto::{Hash, Provider};

/// The hash of a fingerprint. MD5 and MD2 must not be used and are unknown here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FingerprintAlgorithm {
    /// `sha-1`: read for old peers, never preferred.
    Sha1,
    /// `sha-256`: what everybody sends.
    Sha256,
    /// `sha-384`
    Sha384,
    /// `sha-512`
    Sha512,
}

impl FingerprintAlgorithm {
    const ALL: [Self; 4] = [Self::Sha1, Self::Sha256, Self::Sha384, Self::Sha512];

    /// The name in SDP.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sha1 => "sha-1",
            Self::Sha256 => "sha-256",
            Self::Sha384 => "sha-384",
            Self::Sha512 => "sha-512",
        }
    }

    fn hash(self) -> Hash {
        match self {
            Self::Sha1 => Hash::Sha1,
            Self::Sha256 => Hash::Sha256,
            Self::Sha384 => Hash::Sha384,
            Self::Sha512 => Hash::Sha512,
        }
    }
}

/// Why a text is no fingerprint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FingerprintError {
    /// The hash function is not one this crate knows: ignore this fingerprint, another may follow.
    #[error("unknown hash function")]
    UnknownAlgorithm,
    /// Not `name` and hexadecimal pairs separated by colons.
    #[error("malformed fingerprint")]
    Malformed,
    /// Another number of bytes than the hash has.
    #[error("fingerprint of the wrong length")]
    Length,
}

/// The hash of a certificate.
///
/// ```
/// let text = "SHA-256 4A:AD:B9:B1:3F:82:18:3B:54:02:12:DF:3E:5D:49:6B:\
///             19:E5:7C:AB:3E:4B:65:2E:7D:46:3F:54:42:CD:54:F1";
/// let fingerprint: dtls::Fingerprint = text.parse()?;
/// assert_eq!(fingerprint.algorithm(), dtls::FingerprintAlgorithm::Sha256);
/// assert_eq!(fingerprint.to_string(), text.replace("SHA", "sha"));
/// assert!("sha-256 4A:AD".parse::<dtls::Fingerprint>().is_err());
/// # Ok::<(), dtls::FingerprintError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Fingerprint {
    algorithm: FingerprintAlgorithm,
    bytes: Vec<u8>,
}

impl Fingerprint {
    /// The fingerprint of a certificate in DER.
    pub fn of(provider: &Provider, algorithm: FingerprintAlgorithm, certificate: &[u8]) -> Self {
        Self {
            algorithm,
            bytes: provider.digest(algorithm.hash(), certificate).to_vec(),
        }
    }

    /// The hash function.
    pub fn algorithm(&self) -> FingerprintAlgorithm {
        self.algorithm
    }

    /// The hash.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The hash as text: upper-case pairs separated by colons.
    pub fn value(&self) -> impl fmt::Display {
        ColonSeparated(&self.bytes)
    }

    /// Reads the two parts of `a=fingerprint`. Upper and lower case are the same in both (RFC 8122 §5, §9.1).
    ///
    /// # Errors
    /// When the hash function is unknown, or the value is no hash of its length.
    pub fn from_parts(algorithm: &str, value: &str) -> Result<Self, FingerprintError> {
        let algorithm = FingerprintAlgorithm::ALL
            .into_iter()
            .find(|known| known.name().eq_ignore_ascii_case(algorithm))
            .ok_or(FingerprintError::UnknownAlgorithm)?;
        let bytes = value
            .split(':')
            .map(pair)
            .collect::<Option<Vec<u8>>>()
            .ok_or(FingerprintError::Malformed)?;
        if bytes.len() != algorithm.hash().output_len() {
            return Err(FingerprintError::Length);
        }
        Ok(Self { algorithm, bytes })
    }

    /// Whether the certificate in DER has this fingerprint.
    pub fn matches(&self, provider: &Provider, certificate: &[u8]) -> bool {
        provider.digest(self.algorithm.hash(), certificate).as_ref() == self.bytes
    }
}

fn pair(text: &str) -> Option<u8> {
    let digits = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    digits.then(|| u8::from_str_radix(text, 16).ok()).flatten()
}

struct ColonSeparated<'a>(&'a [u8]);

impl fmt::Display for ColonSeparated<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, byte) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str(":")?;
            }
            write!(f, "{byte:02X}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.algorithm.name(), self.value())
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fingerprint({self})")
    }
}

impl FromStr for Fingerprint {
    type Err = FingerprintError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (algorithm, value) = text.trim().split_once(' ').ok_or(FingerprintError::Malformed)?;
        Self::from_parts(algorithm, value.trim())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_parts_ignore_case() {
        let provider = Provider::default();
        for algorithm in FingerprintAlgorithm::ALL {
            let fingerprint = Fingerprint::of(&provider, algorithm, b"certificate");
            let text = fingerprint.to_string();
            assert_eq!(text.to_lowercase().parse().as_ref(), Ok(&fingerprint));
            assert_eq!(text.to_uppercase().parse().as_ref(), Ok(&fingerprint));
            assert!(fingerprint.matches(&provider, b"certificate"));
            assert!(!fingerprint.matches(&provider, b"Certificate"));
        }
    }

    #[test]
    fn refuses_what_is_no_fingerprint() {
        use FingerprintError::*;
        for (text, error) in [
            ("", Malformed),
            ("sha-256", Malformed),
            ("sha-256 ", Malformed),
            ("md5 00:11", UnknownAlgorithm),
            ("sha-1 00:11", Length),
            ("sha-1 0011", Malformed),
            ("sha-1 +1:11", Malformed),
            ("sha-1 00::11", Malformed),
        ] {
            assert_eq!(text.parse::<Fingerprint>(), Err(error), "{text:?}");
        }
    }
}
