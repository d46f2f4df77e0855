//! One publisher, many subscribers: a process of its own forwards, on one core; this one publishes and subscribes, on
//! another, and is the same whoever forwards.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::time::sleep;

use crate::audience::{Audience, Counts};
use crate::forwarder::Account;
use crate::process::cpu_time;
use crate::throughput::float;
use crate::{Failure, Options, round};

/// Left out of the measurement, after each change of the rate.
const WARM_UP: Duration = Duration::from_millis(500);
/// How long a rate is tried when the highest one is looked for.
const PROBE: Duration = Duration::from_millis(700);
/// Rates tried at most.
const PROBES: usize = 10;
/// At this loss, in per cent, a forwarder no longer keeps up.
const LOST: f64 = 1.0;
/// The share of the packets asked for that has to be published for a rate to count.
const PUBLISHED: f64 = 0.95;
/// How often the last measurement may be repeated at a rate 5 % lower.
const RETRIES: usize = 2;
/// Queues are empty when nothing more arrived for so long; they are given up after so many looks.
const QUIET: (Duration, usize) = (Duration::from_millis(100), 10);

pub(crate) async fn run(options: &Options) -> Result<Value, Failure> {
    let mut audience = Audience::connect(options).await?;
    let seconds = Duration::from_secs_f64(options.seconds);
    let window = if options.saturate {
        let mut rate = highest(&mut audience, options.rate).await?;
        let mut window = measure(&mut audience, rate, seconds).await?;
        for _ in 0..RETRIES {
            if window.keeps_up() {
                break;
            }
            rate -= rate / 20;
            window = measure(&mut audience, rate, seconds).await?;
        }
        window
    } else {
        measure(&mut audience, options.rate, seconds).await?
    };
    audience.end().await?;
    Ok(window.result(options))
}

/// The highest rate at which next to nothing is lost: doubles, then halves the interval to 1/16. A rate fails when it
/// fails twice.
async fn highest(audience: &mut Audience, first: u32) -> Result<u32, Failure> {
    let (mut good, mut bad) = (0, None);
    let mut rate = first.max(1);
    for _ in 0..PROBES {
        let keeps_up = measure(audience, rate, PROBE).await?.keeps_up()
            || measure(audience, rate, PROBE).await?.keeps_up();
        if keeps_up {
            good = rate;
        } else {
            bad = Some(rate);
        }
        rate = bad.map_or(rate.saturating_mul(2), |bad: u32| u32::midpoint(good, bad));
        if bad.is_some_and(|bad| bad - good <= good / 16) || rate == good {
            break;
        }
    }
    Ok(good.max(1))
}

async fn measure(audience: &mut Audience, rate: u32, length: Duration) -> Result<Window, Failure> {
    drain(audience).await;
    audience.publish(rate);
    sleep(WARM_UP).await;
    let (account, counts) = (audience.account().await?, audience.counts());
    let (cpu, started) = (cpu_time(), Instant::now());
    sleep(length).await;
    let (after, counts_after) = (audience.account().await?, audience.counts());
    Ok(Window {
        rate,
        elapsed: started.elapsed(),
        forwarder: difference(account, after),
        counts: Counts {
            published: counts_after.published - counts.published,
            received: counts_after.received - counts.received,
        },
        audience_cpu: cpu_time().saturating_sub(cpu),
        subscribers: audience.subscribers(),
    })
}

/// What an overloaded forwarder still holds must not count in the next measurement.
async fn drain(audience: &Audience) {
    audience.publish(0);
    let mut before = audience.counts().received;
    for _ in 0..QUIET.1 {
        sleep(QUIET.0).await;
        let received = audience.counts().received;
        if received == before {
            return;
        }
        before = received;
    }
}

fn difference(before: Account, after: Account) -> Account {
    Account {
        cpu_us: after.cpu_us.saturating_sub(before.cpu_us),
        sent: after.sent.saturating_sub(before.sent),
        rtcp: after.rtcp.saturating_sub(before.rtcp),
        rss_kib: after.rss_kib,
    }
}

/// What happened at one rate.
struct Window {
    rate: u32,
    elapsed: Duration,
    forwarder: Account,
    counts: Counts,
    audience_cpu: Duration,
    subscribers: u64,
}

impl Window {
    /// In per cent of what was published, repairs included. What only waits in a queue is lost as well; what was on its way
    /// as the window began may make up for that, and never for more.
    fn loss(&self) -> f64 {
        let expected = float(self.counts.published.max(1) * self.subscribers.max(1));
        (100.0 * (1.0 - float(self.counts.received) / expected)).max(0.0)
    }

    fn keeps_up(&self) -> bool {
        let asked = f64::from(self.rate) * self.elapsed.as_secs_f64();
        self.loss() < LOST && float(self.counts.published) >= PUBLISHED * asked
    }

    fn result(&self, options: &Options) -> Value {
        let seconds = self.elapsed.as_secs_f64();
        let cpu = Duration::from_micros(self.forwarder.cpu_us).as_secs_f64();
        let sent = float(self.forwarder.sent);
        json!({
            "peer": options.peer,
            "subscribers": self.subscribers,
            "saturated": options.saturate,
            "us_per_packet": round(cpu * 1e6 / sent.max(1.0), 3),
            "packets_per_s": round(sent / seconds, 0),
            "packets_per_s_per_core": round(sent / cpu.max(1e-9), 0),
            "core_pct": round(100.0 * cpu / seconds, 1),
            "audience_core_pct": round(100.0 * self.audience_cpu.as_secs_f64() / seconds, 1),
            "rtcp_per_s": round(float(self.forwarder.rtcp) / seconds, 0),
            "rss_mb": round(self.forwarder.rss_kib / 1024.0, 1),
            "published_per_s": round(float(self.counts.published) / seconds, 0),
            "loss_pct": round(self.loss(), 2),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(published: u64, received: u64) -> Window {
        Window {
            rate: 1000,
            elapsed: Duration::from_secs(1),
            forwarder: Account::default(),
            counts: Counts { published, received },
            audience_cpu: Duration::ZERO,
            subscribers: 2,
        }
    }

    #[test]
    fn a_forwarder_that_loses_one_per_cent_does_not_keep_up() {
        assert!(window(1000, 1981).keeps_up());
        assert!(!window(1000, 1980).keeps_up());
    }

    #[test]
    fn packets_from_before_the_window_are_no_gain() {
        assert_eq!(window(1000, 2010).loss(), 0.0);
    }

    #[test]
    fn a_rate_that_nobody_published_does_not_count() {
        assert!(window(950, 1900).keeps_up());
        assert!(!window(949, 1898).keeps_up());
    }
}
