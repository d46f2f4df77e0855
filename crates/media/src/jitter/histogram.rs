//! How late packets are: a histogram whose entries fade, as NetEq has it, over what is left of a packet's time of arrival
//! when its timestamp is subtracted ("transit", known but for a constant). The earliest of the last 5 to 10 seconds is its
//! origin, so that clocks that drift and paths that change are followed.

/// Width of a column in microseconds: as exact as a delay needs to be.
pub(super) const COLUMN: i64 = 5000;
/// Microseconds after which the earliest arrival is looked for anew.
const WINDOW: i64 = 5_000_000;
/// Weight of a new entry at which all are scaled down.
const MAX_WEIGHT: f32 = 1e12;

/// A histogram of transit times.
#[derive(Debug)]
pub(super) struct Histogram {
    /// Weights; the first column begins at `origin`.
    columns: Box<[f32]>,
    /// Number of the first column, counted from a transit of 0.
    origin: i64,
    earliest: Earliest,
    /// Weight of the next entry.
    weight: f32,
    /// What an entry's weight is divided by to get the next one's.
    memory: f32,
    total: f32,
    part: f32,
    /// The column that ends at the quantile, and the weights of those behind it.
    place: usize,
    beyond: f32,
}

impl Histogram {
    /// One for a quantile, that is as wide as the largest delay in microseconds.
    pub(super) fn new(memory: f32, part: f32, width: i64) -> Self {
        let columns = usize::try_from(width / COLUMN + 1).unwrap_or(1);
        Self {
            columns: vec![0.0; columns].into(),
            origin: 0,
            earliest: Earliest::default(),
            weight: 1.0,
            memory,
            total: 0.0,
            part,
            place: 0,
            beyond: 0.0,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.total <= 0.0
    }

    /// Notes a transit time, in microseconds.
    pub(super) fn add(&mut self, now: i64, transit: i64) {
        self.earliest.add(now, transit);
        self.move_origin(column(self.earliest.get()));
        self.put(transit, self.weight);
        self.weight /= self.memory;
        if self.weight > MAX_WEIGHT {
            self.scale();
        }
        self.settle();
    }

    /// Notes what is assumed as if it had been measured so many times.
    pub(super) fn assume(&mut self, transit: i64, times: f32) {
        self.put(transit, self.weight * times);
        self.settle();
    }

    fn put(&mut self, transit: i64, weight: f32) {
        let place = usize::try_from(column(transit).saturating_sub(self.origin)).unwrap_or(0);
        let place = place.min(self.columns.len().saturating_sub(1));
        if let Some(value) = self.columns.get_mut(place) {
            *value += weight;
            self.total += weight;
        }
        if place > self.place {
            self.beyond += weight;
        }
    }

    /// Moves to the column in which the quantile lies: as far as it is from where it was.
    fn settle(&mut self) {
        let most = self.total * (1.0 - self.part);
        while self.beyond > most && self.place + 1 < self.columns.len() {
            self.place += 1;
            self.beyond -= self.at(self.place);
        }
        while self.place > 0 && self.beyond + self.at(self.place) <= most {
            self.beyond += self.at(self.place);
            self.place -= 1;
        }
    }

    fn at(&self, place: usize) -> f32 {
        self.columns.get(place).copied().unwrap_or(0.0)
    }

    /// Begins the sums anew, which rounding has made inexact.
    fn sum_up(&mut self) {
        self.total = self.columns.iter().sum();
        self.beyond = self.columns.iter().skip(self.place + 1).sum();
    }

    /// Shifts all entries, since they are counted from the origin. What leaves the histogram stays in its outermost column.
    fn move_origin(&mut self, origin: i64) {
        let shift = origin.saturating_sub(self.origin);
        self.origin = origin;
        if shift == 0 || self.is_empty() {
            return;
        }
        let len = self.columns.len();
        let by = usize::try_from(shift.unsigned_abs()).unwrap_or(len).min(len);
        let (first, last) = (0, len.saturating_sub(1));
        let outermost = if shift > 0 {
            let left: f32 = self.columns.iter().take(by).sum();
            self.columns.copy_within(by.., 0);
            self.fill(len - by..len);
            (first, left)
        } else {
            let left: f32 = self.columns.iter().rev().take(by).sum();
            self.columns.copy_within(..len - by, by);
            self.fill(0..by);
            (last, left)
        };
        if let Some(value) = self.columns.get_mut(outermost.0) {
            *value += outermost.1;
        }
        self.sum_up();
    }

    fn fill(&mut self, range: std::ops::Range<usize>) {
        if let Some(columns) = self.columns.get_mut(range) {
            columns.fill(0.0);
        }
    }

    fn scale(&mut self) {
        for value in &mut self.columns {
            *value /= self.weight;
        }
        self.weight = 1.0;
        self.sum_up();
    }

    /// The earliest transit time, in microseconds, rounded down to a column.
    pub(super) const fn base(&self) -> i64 {
        self.origin.saturating_mul(COLUMN)
    }

    /// The transit time that the part of all entries does not exceed, in microseconds.
    pub(super) fn quantile(&self) -> i64 {
        let end = i64::try_from(self.place).unwrap_or(i64::MAX).saturating_add(1);
        self.base().saturating_add(end.saturating_mul(COLUMN))
    }
}

const fn column(transit: i64) -> i64 {
    transit.div_euclid(COLUMN)
}

/// The least of the values of the current and the previous window.
#[derive(Debug, Default)]
struct Earliest {
    current: Option<(i64, i64)>,
    previous: Option<i64>,
}

impl Earliest {
    fn add(&mut self, now: i64, value: i64) {
        self.current = Some(match self.current {
            None => (now, value),
            Some((begin, least)) if now.saturating_sub(begin) < WINDOW => (begin, least.min(value)),
            Some((_, least)) => {
                self.previous = Some(least);
                (now, value)
            }
        });
    }

    fn get(&self) -> i64 {
        let current = self.current.map_or(i64::MAX, |(_, least)| least);
        self.previous.map_or(current, |previous| previous.min(current))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: i64 = 1000;

    fn histogram() -> Histogram {
        Histogram::new(0.983, 0.97, 2000 * MS)
    }

    #[test]
    fn grows_fast_and_forgets_slowly() {
        let mut histogram = histogram();
        let mut now = 0;
        let mut add = |histogram: &mut Histogram, transit| {
            now += 20 * MS;
            histogram.add(now, transit);
            histogram.quantile()
        };
        for _ in 0..300 {
            assert_eq!(add(&mut histogram, 0), 5 * MS);
        }
        assert_eq!(add(&mut histogram, 102 * MS), 5 * MS, "one late frame is none");
        assert_eq!(add(&mut histogram, 102 * MS), 105 * MS, "two are");
        let forgotten = (1..).find(|_| add(&mut histogram, 0) == 5 * MS).unwrap();
        assert!((1..=40).contains(&forgotten), "{forgotten}");
        for _ in 0..300 {
            add(&mut histogram, 102 * MS);
        }
        let forgotten = (1..).find(|_| add(&mut histogram, 0) == 5 * MS).unwrap();
        assert!((200..=210).contains(&forgotten), "{forgotten}");
    }

    #[test]
    fn follows_a_path_that_becomes_longer_or_shorter() {
        let mut histogram = histogram();
        let mut now = 0;
        for (transit, base) in [(0, 0), (300 * MS, 300 * MS), (-700 * MS, -700 * MS)] {
            for _ in 0..600 {
                now += 20 * MS;
                histogram.add(now, transit);
                let quantile = histogram.quantile();
                assert!(
                    (transit + 5 * MS..=305 * MS).contains(&quantile) || transit > 0,
                    "{quantile}"
                );
            }
            assert_eq!((histogram.base(), histogram.quantile()), (base, base + 5 * MS));
        }
    }

    #[test]
    fn what_leaves_stays_at_the_edge() {
        let mut histogram = histogram();
        for transit in [i64::MIN, 0, i64::MAX, -1, i64::MAX / 3] {
            histogram.add(transit.saturating_abs(), transit);
            assert!(histogram.total > 0.0 && histogram.total.is_finite());
            let sum: f32 = histogram.columns.iter().sum();
            assert!((sum - histogram.total).abs() < 0.001);
        }
    }

    #[test]
    fn the_quantile_is_that_of_all_columns() {
        let mut histogram = histogram();
        let mut state = 1_u32;
        for count in 0..20_000 {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let late = i64::from(state >> 20) % 300 * MS;
            histogram.add(count * 20 * MS, late + count / 5000 * 50 * MS);
            let mut beyond = histogram.total * 0.03;
            let columns = histogram.columns.iter().rposition(|value| {
                beyond -= value;
                beyond < 0.0
            });
            let off = columns.unwrap().abs_diff(histogram.place);
            assert!(off <= 1, "{off} columns, by rounding at most one");
        }
    }

    #[test]
    fn weights_stay_finite() {
        let mut histogram = Histogram::new(0.5, 0.9, 100 * MS);
        for count in 0..10_000 {
            histogram.add(count * 20 * MS, count % 7 * 10 * MS);
        }
        assert!(histogram.total.is_finite() && histogram.weight < MAX_WEIGHT);
        assert!((0.9..2.1).contains(&(histogram.total / histogram.weight)));
    }
}
