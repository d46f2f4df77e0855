//! The laws are laws only if breaking one is noticed: a good endpoint passes all, and for each law there are endpoints
//! that break it.

use super::*;
use crate::endpoint::Transmit;
use crate::toy::{Asker, Event};
use std::sync::atomic::{AtomicU64, Ordering};

/// What is wrong with an endpoint.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fault {
    None,
    EventsEatTransmits,
    TransmitsEatEvents,
    TimeoutInThePast,
    TimeoutSendsWhenNotDue,
    TimeoutSendsTwice,
    LateTimeoutGivesUp,
    PanicsAtAShortDatagram,
    RemembersEverything,
    Amplifies,
    AmplifiesByRetransmission,
    DependsOnTheProcess,
    DependsOnTheClock,
    KeepsOneCommand,
    NeverEnds,
    BelievesNoise,
}

static PROCESS: AtomicU64 = AtomicU64::new(0);

#[derive(Debug)]
struct Broken {
    asker: Asker,
    fault: Fault,
    /// Transmits and events that a fault has taken aside or added.
    extra: Vec<(Path, Vec<u8>)>,
    taken: usize,
    memory: usize,
    asked: bool,
    retransmit: Option<(Instant, Path)>,
    birth: Option<Instant>,
}

impl Broken {
    fn pair(fault: Fault) -> [Self; 2] {
        Side::BOTH.map(|side| Self {
            asker: Asker::new(&side.address().to_string()),
            fault,
            extra: Vec::new(),
            taken: 0,
            memory: 0,
            asked: false,
            retransmit: None,
            birth: None,
        })
    }

    fn ask(&mut self, now: Instant, text: &str) {
        self.birth.get_or_insert(now);
        if self.fault == Fault::KeepsOneCommand && self.asked {
            return;
        }
        self.asked = true;
        let remote = if self.asker.local == Side::A.address() {
            Side::B
        } else {
            Side::A
        };
        self.asker.ask(now, remote.address(), text);
    }
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "each fault shows in one place only"
)]
impl Endpoint for Broken {
    type Event = Event;

    fn handle_input(&mut self, now: Instant, path: Path, datagram: &mut [u8]) {
        match self.fault {
            Fault::PanicsAtAShortDatagram => assert!(datagram.len() > 1, "too short"),
            Fault::RemembersEverything => self.memory += datagram.len(),
            Fault::Amplifies if datagram.first() == Some(&b'?') => self
                .extra
                .extend([(path, vec![b'x'; 100]), (path, vec![b'x'; 100])]),
            Fault::AmplifiesByRetransmission => self.retransmit = Some((now, path)),
            Fault::BelievesNoise if datagram.len() > 1000 => self.fault = Fault::KeepsOneCommand,
            Fault::DependsOnTheClock => {
                // Nanoseconds of uptime: what a hash of an Instant would depend on.
                let text = format!("{now:?}");
                self.extra.push((path, text.into_bytes()));
            }
            Fault::DependsOnTheProcess => {
                let count = PROCESS.fetch_add(1, Ordering::Relaxed);
                self.extra.push((path, count.to_be_bytes().to_vec()));
            }
            _ => {}
        }
        if self.fault == Fault::NeverEnds {
            self.extra.push((path, b"?again".to_vec()));
        }
        self.asker.handle_input(now, path, datagram);
        if self.fault == Fault::KeepsOneCommand && self.birth.is_none() {
            self.asked = true;
        }
    }

    fn handle_timeout(&mut self, now: Instant) {
        let due = self.asker.poll_timeout();
        match self.fault {
            Fault::TimeoutInThePast => return,
            Fault::TimeoutSendsWhenNotDue => self.extra.push((Side::A.path(), b"?early".to_vec())),
            Fault::TimeoutSendsTwice if self.taken < 20 && due.is_some_and(|due| due > now) => {
                self.taken += 1;
                self.extra.push((Side::A.path(), b"?twice".to_vec()));
            }
            Fault::LateTimeoutGivesUp => {
                let late = due.is_some_and(|due| now.duration_since(due) > Duration::from_millis(1));
                self.taken += usize::from(late);
            }
            _ => {}
        }
        if let Some((at, path)) = self.retransmit.filter(|(at, _)| *at <= now) {
            self.retransmit = Some((at + Duration::from_secs(1), path));
            self.extra.push((path, vec![b'x'; 50]));
        }
        self.asker.handle_timeout(now);
    }

    fn poll_transmit(&mut self, now: Instant, out: &mut Vec<u8>) -> Option<Transmit> {
        if self.fault == Fault::TransmitsEatEvents && self.asker.poll_event().is_some() {
            self.taken += 1;
        }
        if let Some((path, bytes)) = self.extra.pop() {
            out.extend(bytes);
            return Some(Transmit {
                path,
                segment_size: None,
            });
        }
        self.asker.poll_transmit(now, out)
    }

    fn poll_event(&mut self) -> Option<Event> {
        if self.fault == Fault::EventsEatTransmits {
            let mut eaten = Vec::new();
            let transmit = self.asker.poll_transmit(Instant::now(), &mut eaten);
            self.extra
                .extend(transmit.map(|transmit| (transmit.path, [eaten, b"late".to_vec()].concat())));
        }
        self.asker.poll_event()
    }

    fn poll_timeout(&self) -> Option<Instant> {
        let retransmit = self.retransmit.map(|(at, _)| at);
        self.asker.poll_timeout().into_iter().chain(retransmit).min()
    }

    fn footprint(&self) -> usize {
        self.memory
    }
}

fn case(fault: Fault) -> Case<Broken> {
    Case::new("toy", move |_| Broken::pair(fault))
        .at(Duration::from_millis(10), Side::A, |toy, now| toy.ask(now, "one"))
        .at(Duration::from_millis(11), Side::A, |toy, now| toy.ask(now, "two"))
        .at(Duration::from_millis(50), Side::B, |toy, now| {
            toy.ask(now, "three")
        })
        .loss(0.3)
        .seeds(0..8)
        .duration(Duration::from_secs(20))
        .footprint_limit(10_000)
        .goal(move |a, b| {
            let gave_up = fault == Fault::LateTimeoutGivesUp && a.taken > 0;
            let done = a.asker.unanswered() + b.asker.unanswered() == 0;
            done && !gave_up && (fault != Fault::BelievesNoise || a.fault == fault)
        })
}

fn breaks(fault: Fault, law: Law) -> String {
    let violation = case(fault).try_law(law).expect_err("the law should be broken");
    assert_eq!(violation.law, law, "{violation}");
    violation.to_string()
}

#[test]
fn a_good_endpoint_keeps_all_laws() {
    case(Fault::None).noise_is_harmless().check();
}

#[test]
fn l1_sees_polls_that_depend_on_each_other() {
    let text = breaks(Fault::EventsEatTransmits, Law::PollOrder);
    assert!(text.contains("datagram 0"), "{text}");
    assert!(breaks(Fault::TransmitsEatEvents, Law::PollOrder).contains("event 0"));
}

#[test]
fn l2_sees_a_timeout_that_does_not_move() {
    assert!(breaks(Fault::TimeoutInThePast, Law::NoBusyLoop).contains("wants a timeout"));
}

#[test]
fn l3_sees_early_repeated_and_late_timeouts_do_harm() {
    let text = breaks(Fault::TimeoutSendsWhenNotDue, Law::Timeouts);
    assert!(text.contains("Early"), "{text}");
    assert!(breaks(Fault::TimeoutSendsTwice, Law::Timeouts).contains("differently: datagram"));
    assert!(breaks(Fault::LateTimeoutGivesUp, Law::Timeouts).contains("Late"));
}

#[test]
#[should_panic(expected = "too short")]
fn l4_lets_a_panic_through() {
    let _unreached = case(Fault::PanicsAtAShortDatagram).try_law(Law::AnyBytes);
}

#[test]
fn l4_sees_memory_that_grows() {
    assert!(breaks(Fault::RemembersEverything, Law::AnyBytes).contains("holds"));
}

#[test]
fn l4_sees_amplification() {
    for fault in [Fault::Amplifies, Fault::AmplifiesByRetransmission] {
        let check = case(fault).validated(|_| false).try_law(Law::AnyBytes);
        assert!(check.unwrap_err().to_string().contains("is not validated"));
        case(fault).validated(|_| true).check_law(Law::AnyBytes);
    }
}

#[test]
fn l4_sees_a_connection_that_noise_ends() {
    assert!(
        case(Fault::BelievesNoise).try_law(Law::AnyBytes).is_ok(),
        "nothing was claimed"
    );
    let check = case(Fault::BelievesNoise)
        .noise_is_harmless()
        .try_law(Law::AnyBytes);
    assert!(check.unwrap_err().to_string().contains("the goal is not reached"));
}

#[test]
fn l5_sees_hidden_inputs_unless_the_shape_hides_them() {
    assert!(breaks(Fault::DependsOnTheProcess, Law::Repeatable).contains("differently"));
    breaks(Fault::DependsOnTheClock, Law::Repeatable);
    case(Fault::DependsOnTheProcess)
        .shape(|datagram| vec![datagram[0].max(1)])
        .check_law(Law::Repeatable);
}

#[test]
fn l6_sees_a_second_command_that_is_lost() {
    let fault = Fault::KeepsOneCommand;
    let check = case(fault)
        .goal(|_, b| b.asker.unanswered() > 99)
        .try_law(Law::Commands);
    assert_eq!(check.unwrap_err().law, Law::Commands);
}

#[test]
fn an_endpoint_without_end_is_noticed() {
    let violation = case(Fault::NeverEnds).duration(Duration::from_secs(u64::from(u32::MAX)));
    assert!(
        violation
            .try_law(Law::NoBusyLoop)
            .unwrap_err()
            .what
            .contains("end")
    );
}

#[test]
fn a_violation_says_how_to_replay_it() {
    let text = breaks(Fault::TimeoutInThePast, Law::NoBusyLoop);
    assert!(
        text.starts_with("toy breaks law L2 (NoBusyLoop) with seed 1"),
        "{text}"
    );
    assert!(text.contains("NETSIM_SEED=1"), "{text}");
}
