//! When a packet is to be played: its timestamp on the local clock, plus an offset that the measured lateness of frames sets.
//! The offset grows at once and shrinks by a part of the time that passes. All times are microseconds since the first packet.

use super::Arrival;
use super::config::JitterConfig;
use super::histogram::Histogram;
use rtp::TimestampUnwrapper;
use std::time::{Duration, Instant};

/// How many frames the initial delay counts as.
const ASSUMED: f32 = 20.0;
/// Lateness or earliness in microseconds after which timestamps are taken to have jumped: no network holds packets so long.
const MAX_TRANSIT: i64 = 10_000_000;
/// Microseconds after the last repair for which repairs are waited for.
const REPAIRS_EXPECTED: i64 = 10_000_000;
/// Repairs are rarer than frames, and each one is of more use.
const REPAIRS_MEMORY: f32 = 0.9;
const REPAIRS_QUANTILE: f32 = 0.9;

/// A packet's place in time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stamp {
    /// Which run of timestamps it belongs to.
    run: u32,
    /// Its timestamp, since the first one of the run.
    media: i64,
}

/// From timestamps and arrivals to times of playout.
#[derive(Debug)]
pub(super) struct Timing {
    config: JitterConfig,
    clock: Option<Clock>,
    run: u32,
    network: Histogram,
    repairs: Option<Repairs>,
    /// The newest frame, and how late the latest of its packets was.
    frame: Option<(i64, i64)>,
    /// What is added to a timestamp to get its time of playout.
    offset: i64,
    /// When it was set.
    updated: i64,
    /// The delay that another stream asks for, to be played together.
    sync_delay: Duration,
}

impl Timing {
    pub(super) fn new(config: JitterConfig) -> Self {
        Self {
            network: Histogram::new(config.memory, config.quantile, micros(config.maximum_delay)),
            config,
            clock: None,
            run: 0,
            repairs: None,
            frame: None,
            offset: 0,
            updated: 0,
            sync_delay: Duration::ZERO,
        }
    }

    /// Measures a packet that has come.
    pub(super) fn observe(&mut self, now: Instant, timestamp: u32, arrival: Arrival) -> Stamp {
        let rate = self.config.clock_rate;
        let clock = self.clock.get_or_insert_with(|| Clock::new(now, timestamp, rate));
        let (at, media) = (clock.at(now), clock.media(timestamp));
        let transit = at.saturating_sub(media);
        match arrival {
            Arrival::Direct if !self.network.is_empty() && self.is_jump(transit) => {
                *self = Self {
                    run: self.run.wrapping_add(1),
                    sync_delay: self.sync_delay,
                    ..Self::new(self.config.clone())
                };
                return self.observe(now, timestamp, arrival);
            }
            Arrival::Direct => self.measure(at, media, transit),
            Arrival::Retransmitted | Arrival::Recovered => {
                let config = &self.config;
                let repairs = self.repairs.get_or_insert_with(|| Repairs::new(config));
                repairs.delays.add(at, transit);
                repairs.last = at;
            }
        }
        self.update(at);
        Stamp { run: self.run, media }
    }

    fn is_jump(&self, transit: i64) -> bool {
        transit.abs_diff(self.network.base()) > MAX_TRANSIT.unsigned_abs()
    }

    /// A frame counts once, by the latest of its packets. Packets of an earlier frame are late ones.
    fn measure(&mut self, at: i64, media: i64, transit: i64) {
        if self.network.is_empty() {
            self.network.add(at, transit);
            let assumed = (micros(self.config.initial_delay) - 1).max(0);
            self.network.assume(transit.saturating_add(assumed), ASSUMED);
        }
        match &mut self.frame {
            Some((newest, latest)) if *newest == media => *latest = transit.max(*latest),
            Some((newest, _)) if *newest > media => self.network.add(at, transit),
            frame => {
                if let Some((_, latest)) = frame.replace((media, transit)) {
                    self.network.add(at, latest);
                }
            }
        }
    }

    fn update(&mut self, at: i64) {
        if self
            .repairs
            .as_ref()
            .is_some_and(|repairs| at - repairs.last > REPAIRS_EXPECTED)
        {
            self.repairs = None;
        }
        let elapsed = Duration::from_micros(at.saturating_sub(self.updated).unsigned_abs());
        let step = micros(elapsed.mul_f32(self.config.shrink));
        let wanted = self.wanted(self.config.minimum_delay.max(self.sync_delay));
        let most = self
            .network
            .base()
            .saturating_add(micros(self.config.maximum_delay));
        self.offset = wanted.max(self.offset.saturating_sub(step)).min(most);
        self.updated = at;
    }

    /// The offset that measurements and a least delay ask for.
    fn wanted(&self, minimum: Duration) -> i64 {
        let (base, network) = (self.network.base(), self.network.quantile());
        let allowed = network.saturating_add(micros(self.config.repair_allowance));
        let repairs = self
            .repairs
            .as_ref()
            .map_or(network, |repairs| repairs.delays.quantile());
        let wanted = repairs
            .clamp(network, allowed)
            .max(base.saturating_add(micros(minimum)));
        wanted.min(base.saturating_add(micros(self.config.maximum_delay)))
    }

    /// When a packet is due, as [`at`](Self::at) counts.
    pub(super) fn due(&self, stamp: Stamp) -> i64 {
        if stamp.run == self.run {
            stamp.media.saturating_add(self.offset)
        } else {
            i64::MIN // the timestamps have jumped since: what is left of the run before makes way
        }
    }

    /// A time as microseconds.
    pub(super) fn at(&self, now: Instant) -> i64 {
        self.clock.as_ref().map_or(0, |clock| clock.at(now))
    }

    /// Microseconds as a time.
    pub(super) fn instant(&self, at: i64) -> Option<Instant> {
        let after = Duration::from_micros(at.max(0).unsigned_abs());
        self.clock.as_ref()?.start.checked_add(after)
    }

    /// When a timestamp is due, under a least delay instead of the one in effect, if that is given.
    pub(super) fn playout(&self, timestamp: u32, minimum: Option<Duration>) -> Option<Instant> {
        let offset = minimum.map_or(self.offset, |minimum| self.wanted(minimum));
        let media = self.clock.as_ref()?.peek(timestamp);
        self.instant(media.saturating_add(offset))
    }

    /// The delay in effect: how much later than the earliest packets all are played.
    pub(super) fn delay(&self) -> Duration {
        Duration::from_micros((self.offset - self.network.base()).max(0).unsigned_abs())
    }

    /// The delay that measurements ask for, without the application's and other streams' wishes.
    pub(super) fn measured_delay(&self) -> Duration {
        if self.network.is_empty() {
            return Duration::ZERO;
        }
        Duration::from_micros(
            (self.wanted(Duration::ZERO) - self.network.base())
                .max(0)
                .unsigned_abs(),
        )
    }

    /// The least delay that the application asked for.
    pub(super) const fn minimum_delay(&self) -> Duration {
        self.config.minimum_delay
    }

    pub(super) fn set_minimum_delay(&mut self, now: Instant, delay: Duration) {
        self.config.minimum_delay = delay.min(self.config.maximum_delay);
        self.update_at(now);
    }

    pub(super) fn set_sync_delay(&mut self, now: Instant, delay: Duration) {
        self.sync_delay = delay.min(self.config.maximum_delay);
        self.update_at(now);
    }

    pub(super) const fn sync_delay(&self) -> Duration {
        self.sync_delay
    }

    fn update_at(&mut self, now: Instant) {
        if self.clock.is_some() {
            self.update(self.at(now));
        }
    }
}

/// How late packets are that were repaired.
#[derive(Debug)]
struct Repairs {
    delays: Histogram,
    /// When the last one came.
    last: i64,
}

impl Repairs {
    fn new(config: &JitterConfig) -> Self {
        Self {
            delays: Histogram::new(REPAIRS_MEMORY, REPAIRS_QUANTILE, micros(config.maximum_delay)),
            last: 0,
        }
    }
}

/// The sender's timestamps and the local time, from a packet on.
#[derive(Debug)]
struct Clock {
    start: Instant,
    first: u64,
    rate: i64,
    timestamps: TimestampUnwrapper,
}

impl Clock {
    fn new(start: Instant, timestamp: u32, rate: u32) -> Self {
        let mut timestamps = TimestampUnwrapper::new();
        Self {
            start,
            first: timestamps.extend(timestamp),
            rate: rate.into(),
            timestamps,
        }
    }

    fn at(&self, now: Instant) -> i64 {
        micros(now.saturating_duration_since(self.start))
    }

    fn media(&mut self, timestamp: u32) -> i64 {
        let timestamp = self.timestamps.extend(timestamp);
        self.since_first(timestamp)
    }

    fn peek(&self, timestamp: u32) -> i64 {
        self.since_first(self.timestamps.peek(timestamp))
    }

    fn since_first(&self, timestamp: u64) -> i64 {
        let ticks =
            i64::try_from(timestamp).unwrap_or(i64::MAX) - i64::try_from(self.first).unwrap_or(i64::MAX);
        ticks.saturating_mul(1_000_000).div_euclid(self.rate)
    }
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}
