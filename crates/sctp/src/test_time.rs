//! A point in time for tests to count from.

use std::time::Instant;

/// Any instant: virtual time starts here.
pub(crate) fn start() -> Instant {
    Instant::now()
}
