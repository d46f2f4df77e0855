//! Deadlines that are far away are moved onto a grid, so that many connections are looked after in one go.
//!
//! What keeps an idle connection alive (RFC 7675 consent every five seconds) takes microseconds when the thread is awake
//! and its caches are warm, and ten times that when it is woken for this alone.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// What is at least this far away keeps something alive, and waits for the coarse grid.
const FAR: Duration = Duration::from_secs(4);

/// The coarse grid, in milliseconds.
const COARSE: u64 = 512;

/// Nearer deadlines are retransmissions: they move by at most this share of the time that is left.
const SHARE: u32 = 32;

/// The point on the grid at or after `deadline`, as seen from `now`. All grids of a process have one origin, and each
/// wider one is part of the narrower ones.
pub(super) fn coalesce(now: Instant, deadline: Instant) -> Instant {
    static ORIGIN: OnceLock<Instant> = OnceLock::new();
    let origin = *ORIGIN.get_or_init(|| now);
    let left = deadline.saturating_duration_since(now);
    let most = match u64::try_from((left / SHARE).as_millis()) {
        Ok(share) if left < FAR => share,
        Ok(_) | Err(_) => COARSE,
    };
    let Some(exponent) = most.checked_ilog2() else {
        return deadline;
    };
    let grid = Duration::from_millis(1 << exponent);
    let past = deadline.saturating_duration_since(origin).as_nanos() % grid.as_nanos();
    match u64::try_from(grid.as_nanos() - past) {
        Ok(missing) if past > 0 => deadline + Duration::from_nanos(missing),
        _ => deadline,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deadlines_move_later_within_bounds() {
        let now = Instant::now();
        for millis in [0, 1, 31, 32, 50, 500, 999, 3_999, 4_000, 30_000, 600_000] {
            for nanos in [0, 1, 999_999] {
                let wanted = Duration::from_millis(millis) + Duration::from_nanos(nanos);
                let moved = coalesce(now, now + wanted).duration_since(now);
                assert!(moved >= wanted, "{wanted:?}: {moved:?}");
                let most = if wanted < FAR {
                    wanted / SHARE
                } else {
                    Duration::from_millis(COARSE)
                };
                assert!(moved - wanted <= most, "{wanted:?}: {moved:?}");
            }
        }
    }

    #[test]
    fn far_deadlines_meet() {
        let now = Instant::now();
        let moved: std::collections::BTreeSet<_> = (0..1000)
            .map(|index| coalesce(now, now + Duration::from_millis(5_000 + index)))
            .collect();
        assert!((2..=3).contains(&moved.len()), "{}", moved.len());
    }
}
