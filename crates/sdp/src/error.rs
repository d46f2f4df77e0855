//! Why a description could not be parsed, and the bounds on what is parsed at all.

/// A description that is not SDP, or whose meaning would have to be guessed.
///
/// Unknown lines and attributes never cause it: they are kept. It comes from a line without `=`, a missing
/// `v=` or `o=` line, a broken `m=` line, a broken value where a guess would be unsafe (fingerprint, setup
/// role, ICE credentials, mid, SCTP port, …) and from exceeding [`Limits`].
///
/// ```
/// let error = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=setup:maybe\r\n"
///     .parse::<sdp::SessionDescription>()
///     .unwrap_err();
/// assert_eq!(error.line, 5);
/// assert_eq!(error.to_string(), "line 5: setup is not active, passive, actpass or holdconn");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {reason}")]
#[non_exhaustive]
pub struct ParseError {
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong with it.
    pub reason: &'static str,
}

/// What a description may cost before it is refused; a peer sends it, so it has to be bounded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the whole description. Default 1 MiB: an offer with 200 video sections has about 900 KiB.
    pub size: usize,
    /// Lines, default 32,768. What a description holds in memory is about 64 bytes a line beside its text, and
    /// at worst (lists of one-letter words) some forty times the text.
    pub lines: usize,
    /// Media descriptions, default 1,024.
    pub media: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            size: 1 << 20,
            lines: 1 << 15,
            media: 1 << 10,
        }
    }
}
