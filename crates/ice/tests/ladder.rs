//! One agent against a scripted peer: what is sent when, and what it does.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::wildcard_enum_match_arm,
    reason = "a test program: clippy excuses its tests, not their helpers"
)]

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use ice::core::Agent;
use ice::{
    Candidate, CandidateError, CandidateKind, Config, ConnectionState, Credentials, Event, Input, Limits,
    PairState, Path, RemoteParameters, Role,
};
use stun::attributes::{
    ErrorCode, IceControlled, IceControlling, Priority, UseCandidate, Username, XorMappedAddress,
};
use stun::{AttributeType, Class, IntegrityKey, MessageRef, MessageWriter, Method, TransactionId};

const MS: Duration = Duration::from_millis(1);
const HERE: &str = "10.0.0.1:1000";
const THERE: &str = "10.0.0.2:2000";

fn address(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

/// A request as the peer saw it.
#[derive(Debug)]
struct Seen {
    path: Path,
    id: TransactionId,
    class: Class,
    use_candidate: bool,
    nomination: Option<u32>,
    role: Option<Role>,
    priority: Option<u32>,
    error: Option<u16>,
    mapped: Option<SocketAddr>,
}

/// What a request of the peer carries.
#[derive(Clone, Copy)]
struct Request {
    role: Role,
    tie_breaker: u64,
    use_candidate: bool,
    nomination: u32,
}

const PLAIN: Request = Request {
    role: Role::Controlling,
    tie_breaker: 1,
    use_candidate: false,
    nomination: 0,
};
const NOMINATE: Request = Request {
    use_candidate: true,
    ..PLAIN
};

struct Ladder {
    agent: Agent,
    now: Instant,
    start: Instant,
    peer: Credentials,
    next_id: u8,
}

impl Ladder {
    fn new(config: Config) -> Self {
        let start = Instant::now();
        let mut agent = Agent::new(config, [9; 32]);
        agent.add_local_address(start, address(HERE));
        let peer = Credentials::new("peer", "peer-password-peer-password");
        Self {
            agent,
            now: start,
            start,
            peer,
            next_id: 0,
        }
    }

    fn controlled() -> Self {
        Self::new(Config {
            role: Role::Controlled,
            ..Config::default()
        })
    }

    fn controlling() -> Self {
        Self::new(Config::default())
    }

    fn set_remote(&mut self) -> &mut Self {
        self.agent
            .set_remote(self.now, RemoteParameters::from(self.peer.clone()))
            .unwrap();
        self
    }

    fn candidate(&mut self, at: &str, priority: u32) -> &mut Self {
        let mut candidate = Candidate::new(CandidateKind::Host, address(at));
        candidate.priority = priority;
        candidate.foundation = ice::Foundation::new(&format!("f{priority}")).unwrap();
        self.agent.add_remote_candidate(self.now, candidate).unwrap();
        self
    }

    /// Everything that the agent sends, with time standing still.
    fn sent(&mut self) -> Vec<Seen> {
        let mut all = Vec::new();
        let mut out = Vec::new();
        while let Some(transmit) = self.agent.poll_transmit(self.now, &mut out) {
            assert_eq!(transmit.len, out.len());
            let message = MessageRef::decode(&out).unwrap();
            assert!(message.check_fingerprint());
            if message.class() == Class::Request {
                let username = format!("{}:{}", self.peer.ufrag, self.agent.local_credentials().ufrag);
                assert_eq!(message.username(), Some(username.as_str()));
                message.check_integrity(&self.key(&self.peer.pwd)).unwrap();
            }
            let nomination = message.raw(AttributeType::NOMINATION);
            all.push(Seen {
                path: transmit.path,
                id: message.transaction_id(),
                class: message.class(),
                use_candidate: message.use_candidate(),
                nomination: nomination.map(|raw| u32::from_be_bytes(raw.value.try_into().unwrap())),
                role: message
                    .ice_controlling()
                    .map(|_| Role::Controlling)
                    .or_else(|| message.ice_controlled().map(|_| Role::Controlled)),
                priority: message.priority(),
                error: message.error_code().map(|error| error.code),
                mapped: message.xor_mapped_address(),
            });
            out.clear();
        }
        all
    }

    /// The only datagram that the agent sends.
    fn expect(&mut self) -> Seen {
        let mut sent = self.sent();
        assert_eq!(sent.len(), 1, "{sent:?}");
        sent.remove(0)
    }

    fn silent(&mut self) -> &mut Self {
        let sent = self.sent();
        assert!(sent.is_empty(), "{sent:?}");
        self
    }

    fn key(&self, password: &str) -> IntegrityKey {
        IntegrityKey::short_term(&crypto::Provider::default(), password)
    }

    /// Lets time pass, and the agent act when it wants to.
    fn pass(&mut self, time: Duration) -> &mut Self {
        let end = self.now + time;
        while let Some(at) = self.agent.poll_timeout().filter(|at| *at <= end) {
            self.now = self.now.max(at);
            self.agent.handle_timeout(self.now);
        }
        self.now = end;
        self
    }

    fn input(&mut self, from: &str, bytes: &[u8]) -> Input {
        self.agent.handle_input(
            self.now,
            Path {
                local: address(HERE),
                remote: address(from),
            },
            bytes,
        )
    }

    fn request_bytes(&mut self, request: Request, password: &str) -> Vec<u8> {
        self.next_id = self.next_id.wrapping_add(1);
        let mut out = Vec::new();
        let username = format!("{}:{}", self.agent.local_credentials().ufrag, self.peer.ufrag);
        let key = self.key(password);
        let mut writer = MessageWriter::new(
            &mut out,
            Class::Request,
            Method::BINDING,
            [self.next_id; 12].into(),
        );
        writer
            .attribute(&Username(&username))
            .attribute(&Priority(0x6e00_ffff));
        match request.role {
            Role::Controlling => writer.attribute(&IceControlling(request.tie_breaker)),
            Role::Controlled => writer.attribute(&IceControlled(request.tie_breaker)),
        };
        if request.use_candidate {
            writer.attribute(&UseCandidate);
        }
        if request.nomination != 0 {
            writer.raw(AttributeType::NOMINATION, &request.nomination.to_be_bytes());
        }
        writer.integrity(&key).fingerprint().finish();
        out
    }

    /// The peer checks.
    fn check(&mut self, from: &str, request: Request) -> &mut Self {
        let pwd = self.agent.local_credentials().pwd.clone();
        let bytes = self.request_bytes(request, &pwd);
        assert_eq!(self.input(from, &bytes), Input::Stun);
        self
    }

    /// The peer answers.
    fn answer(&mut self, request: &Seen) -> &mut Self {
        self.answer_as(request, &request.path.remote.to_string(), address(HERE))
    }

    fn answer_as(&mut self, request: &Seen, from: &str, mapped: SocketAddr) -> &mut Self {
        let key = self.key(&self.peer.pwd);
        let mut out = Vec::new();
        MessageWriter::new(&mut out, Class::SuccessResponse, Method::BINDING, request.id)
            .attribute(&XorMappedAddress(mapped))
            .integrity(&key)
            .fingerprint()
            .finish();
        self.input(from, &out);
        self
    }

    fn refuse(&mut self, request: &Seen, code: u16, authentic: bool) -> &mut Self {
        let key = self.key(&self.peer.pwd);
        let mut out = Vec::new();
        let mut writer = MessageWriter::new(&mut out, Class::ErrorResponse, Method::BINDING, request.id);
        writer.attribute(&ErrorCode { code, reason: "" });
        if authentic {
            writer.integrity(&key);
        }
        writer.fingerprint().finish();
        self.input(&request.path.remote.to_string(), &out);
        self
    }

    fn events(&mut self) -> Vec<Event> {
        std::iter::from_fn(|| self.agent.poll_event()).collect()
    }

    fn selected(&self) -> Option<SocketAddr> {
        self.agent.selected_pair().map(|pair| pair.path.remote)
    }
}

#[test]
fn the_first_check_goes_out_at_once_and_the_next_ones_at_the_pace_of_ta() {
    let mut ladder = Ladder::controlling();
    ladder.set_remote();
    for n in 1..=4_u16 {
        ladder.candidate(&format!("10.0.0.2:{n}"), 1000 - u32::from(n));
    }
    let first = ladder.expect();
    assert_eq!(first.path.remote, address("10.0.0.2:1"));
    assert_eq!(first.role, Some(Role::Controlling));
    assert!(!first.use_candidate, "nominated before it was valid");
    // RFC 8445 §7.2.2: the priority of a peer-reflexive candidate.
    assert_eq!(first.priority.unwrap() >> 24, 110);
    ladder.pass(49 * MS).silent();
    assert_eq!(ladder.pass(MS).expect().path.remote, address("10.0.0.2:2"));
    assert_eq!(ladder.pass(50 * MS).expect().path.remote, address("10.0.0.2:3"));
    assert_eq!(ladder.pass(50 * MS).expect().path.remote, address("10.0.0.2:4"));
    // RFC 8445 §14.3: 500 ms behind the first.
    ladder.pass(349 * MS).silent();
    let again = ladder.pass(MS).expect();
    assert_eq!(again.id, first.id);
}

#[test]
fn the_slower_of_both_proposals_is_the_pace() {
    let pace = |own: u64, theirs: Option<u64>| {
        let mut ladder = Ladder::new(Config {
            timers: ice::Timers {
                pacing: Duration::from_millis(own),
                ..ice::Timers::default()
            },
            ..Config::default()
        });
        let mut parameters = RemoteParameters::from(ladder.peer.clone());
        if let Some(theirs) = theirs {
            parameters.pacing = Duration::from_millis(theirs);
        }
        ladder.agent.set_remote(ladder.now, parameters).unwrap();
        ladder
            .candidate("10.0.0.2:1", 1000)
            .candidate("10.0.0.2:2", 999)
            .expect();
        let mut waited = 0;
        while ladder.sent().is_empty() {
            ladder.pass(MS);
            waited += 1;
        }
        waited
    };
    // RFC 8445 §14.2: a peer that proposes nothing proposes 50 ms.
    assert_eq!(pace(20, None), 50);
    assert_eq!(pace(80, None), 80);
    assert_eq!(pace(20, Some(30)), 30);
    assert_eq!(pace(30, Some(20)), 30);
    assert_eq!(pace(0, Some(0)), 5);
    // What nobody can mean counts for half a second.
    assert_eq!(pace(50, Some(9_999_999_999)), 500);
}

#[test]
fn another_proposal_of_the_same_peer_is_no_restart() {
    let mut ladder = Ladder::controlling();
    ladder.set_remote().candidate("10.0.0.2:1", 1000);
    ladder.candidate("10.0.0.2:2", 999).candidate("10.0.0.2:3", 998);
    ladder.expect();
    let slower = RemoteParameters {
        pacing: 80 * MS,
        ..ladder.peer.clone().into()
    };
    ladder.agent.set_remote(ladder.now, slower).unwrap();
    assert_eq!(ladder.pass(50 * MS).expect().path.remote, address("10.0.0.2:2"));
    ladder.pass(79 * MS).silent();
    assert_eq!(ladder.pass(MS).expect().path.remote, address("10.0.0.2:3"));
    assert_eq!(ladder.agent.remote_candidates().len(), 3);
}

#[test]
fn an_unanswered_check_is_sent_seven_times_and_then_the_pair_has_failed() {
    let mut ladder = Ladder::controlling();
    ladder.set_remote().candidate(THERE, 1000);
    let mut times = Vec::new();
    for _ in 0..400 {
        if !ladder.sent().is_empty() {
            times.push((ladder.now - ladder.start).as_millis());
        }
        ladder.pass(100 * MS);
    }
    assert_eq!(times, [0, 500, 1500, 3500, 7500, 15_500, 31_500]);
    assert_eq!(ladder.agent.connection_state(), ConnectionState::Failed);
}

#[test]
fn a_check_of_the_peer_is_answered_and_triggers_one_at_once() {
    let mut ladder = Ladder::controlled();
    ladder.set_remote().check(THERE, PLAIN);
    let sent = ladder.sent();
    assert_eq!(sent.len(), 2, "{sent:?}");
    assert_eq!(
        (sent[0].class, sent[0].mapped),
        (Class::SuccessResponse, Some(address(THERE)))
    );
    assert_eq!(
        (sent[1].class, sent[1].role),
        (Class::Request, Some(Role::Controlled))
    );
    // The peer's data may overtake our answer: its path has proven itself, ours has not.
    assert_eq!(ladder.input(THERE, b"\xff"), Input::Data);
    assert_eq!(ladder.agent.data_path(), None);
    let request = ladder.answer(&sent[1]).agent.data_path();
    assert_eq!(request.unwrap().remote, address(THERE));
    assert_eq!(ladder.selected(), None);
    ladder.check(THERE, NOMINATE);
    assert_eq!(ladder.selected(), Some(address(THERE)));
    let remote = ladder.agent.remote_candidates();
    assert_eq!(
        (remote[0].kind, remote[0].priority),
        (CandidateKind::PeerReflexive, 0x6e00_ffff)
    );
    // Signalled later, it becomes what it is.
    ladder.candidate(THERE, 77);
    assert_eq!(ladder.agent.remote_candidates()[0].kind, CandidateKind::Host);
}

#[test]
fn the_pace_may_be_borrowed_but_is_paid_back() {
    let mut ladder = Ladder::controlled();
    ladder.set_remote();
    for n in 1..=4_u16 {
        ladder.check(&format!("10.0.0.2:{n}"), PLAIN);
    }
    let requests = |sent: Vec<Seen>| sent.iter().filter(|seen| seen.class == Class::Request).count();
    assert_eq!(requests(ladder.sent()), 4);
    ladder.check("10.0.0.2:5", PLAIN);
    assert_eq!(requests(ladder.sent()), 1);
    ladder.check("10.0.0.2:6", PLAIN);
    assert_eq!(requests(ladder.sent()), 0);
    assert_eq!(requests(ladder.pass(50 * MS).sent()), 1);

    let timers = ice::Timers {
        pacing_credit: 0,
        ..ice::Timers::default()
    };
    let mut strict = Ladder::new(Config {
        role: Role::Controlled,
        timers,
        ..Config::default()
    });
    strict
        .set_remote()
        .check("10.0.0.2:1", PLAIN)
        .check("10.0.0.2:2", PLAIN);
    assert_eq!(requests(strict.sent()), 1);
    assert_eq!(requests(strict.pass(49 * MS).sent()), 0);
    assert_eq!(requests(strict.pass(MS).sent()), 1);
}

#[test]
fn a_check_before_the_credentials_is_answered_and_remembered() {
    let mut ladder = Ladder::controlled();
    ladder.check(THERE, NOMINATE);
    assert_eq!(ladder.expect().class, Class::SuccessResponse);
    assert!(ladder.events().contains(&Event::PathValidated(Path {
        local: address(HERE),
        remote: address(THERE)
    })));
    // The peer's first data is not lost.
    assert_eq!(ladder.input(THERE, b"\xff"), Input::Data);
    ladder.set_remote();
    let triggered = ladder.expect();
    ladder.answer(&triggered);
    assert_eq!(ladder.selected(), Some(address(THERE)));
}

#[test]
fn early_checks_are_bounded() {
    let mut ladder = Ladder::controlled();
    for n in 1..=100_u16 {
        ladder.check(&format!("10.0.0.2:{n}"), PLAIN);
        assert_eq!(ladder.expect().class, Class::SuccessResponse);
    }
    assert_eq!(ladder.agent.stats().overflow, 84);
    ladder.set_remote();
    assert_eq!(ladder.agent.candidate_pairs().len(), 16);
}

/// Pion drops checks that are made with another password without a word, and Chromium over loopback announces no candidates:
/// what is left to tell the cause are the peer's own checks, which we refuse.
#[test]
fn other_credentials_are_named_where_the_peer_says_nothing() {
    for candidates in [0, 1] {
        let mut ladder = Ladder::controlled();
        ladder.set_remote();
        for _ in 0..candidates {
            ladder.candidate(THERE, 1);
        }
        for _ in 0..3 {
            let wrong = ladder.request_bytes(NOMINATE, "wrong-password-wrong-password");
            ladder.input(THERE, &wrong);
        }
        while let Some(next) = ladder.agent.poll_timeout() {
            ladder.now = next;
            ladder.agent.handle_timeout(next);
            ladder.sent();
        }
        let mut events = std::iter::from_fn(|| ladder.agent.poll_event());
        let reason = events.find_map(|event| match event {
            Event::Failed(reason) => Some(reason.to_string()),
            _ => None,
        });
        let reason = reason.unwrap();
        assert!(
            reason.ends_with("; 3 checks of the peer had other credentials"),
            "{reason}"
        );
    }
}

#[test]
fn nothing_unauthenticated_changes_anything() {
    let mut ladder = Ladder::controlled();
    ladder.set_remote();
    let wrong = ladder.request_bytes(NOMINATE, "wrong-password-wrong-password");
    ladder.input(THERE, &wrong);
    assert_eq!(ladder.expect().error, Some(401));
    let mut bare = Vec::new();
    MessageWriter::new(&mut bare, Class::Request, Method::BINDING, [1; 12].into())
        .fingerprint()
        .finish();
    ladder.input(THERE, &bare);
    let mut out = Vec::new();
    ladder.agent.poll_transmit(ladder.now, &mut out).unwrap();
    assert!(out.len() <= 3 * bare.len(), "{} for {}", out.len(), bare.len());
    assert_eq!(MessageRef::decode(&out).unwrap().error_code().unwrap().code, 400);
    // Without FINGERPRINT it is no ICE message.
    let mut plain = Vec::new();
    MessageWriter::new(&mut plain, Class::Request, Method::BINDING, [1; 12].into()).finish();
    assert_eq!(ladder.input(THERE, &plain), Input::Dropped);
    assert_eq!(ladder.input(THERE, b"\xffdata"), Input::Dropped);
    ladder.silent();
    let stats = ladder.agent.stats();
    assert_eq!(
        (stats.unauthenticated, stats.malformed, stats.unknown_path),
        (2, 1, 1)
    );
    assert!(ladder.agent.candidate_pairs().is_empty() && ladder.agent.remote_candidates().is_empty());
    assert_eq!(
        ladder.agent.poll_timeout(),
        Some(ladder.start + ice::Timers::default().patience)
    );
}

#[test]
fn an_answer_with_a_wrong_integrity_is_as_if_it_had_never_come() {
    let mut ladder = Ladder::controlling();
    ladder.set_remote().candidate(THERE, 1000);
    let request = ladder.expect();
    let right = std::mem::replace(&mut ladder.peer.pwd, "another-password-entirely".into());
    ladder.answer(&request);
    ladder.peer.pwd = right;
    assert_eq!(ladder.agent.data_path(), None);
    ladder.refuse(&request, 400, false);
    assert_eq!(ladder.agent.candidate_pairs()[0].state, PairState::InProgress);
    assert_eq!(ladder.agent.stats().unexpected, 2);
    ladder.answer(&request);
    assert!(ladder.agent.data_path().is_some());
    // An answer counts once.
    ladder.answer(&request);
    assert_eq!(ladder.agent.stats().unexpected, 3);
}

#[test]
fn an_answer_from_elsewhere_does_not_count() {
    let mut ladder = Ladder::controlling();
    ladder.set_remote().candidate(THERE, 1000);
    let request = ladder.expect();
    ladder.answer_as(&request, "10.0.0.3:3", address(HERE));
    assert_eq!(ladder.agent.data_path(), None);
    ladder.pass(Duration::from_secs(45));
    let pair = &ladder.agent.candidate_pairs()[0];
    assert_eq!(
        (pair.state, pair.last_error),
        (PairState::Failed, Some(ice::PairError::AddressMismatch))
    );
    // It does not take the place of the right one either.
    let mut ladder = Ladder::controlling();
    ladder.set_remote().candidate(THERE, 1000);
    let request = ladder.expect();
    ladder
        .answer_as(&request, "10.0.0.3:3", address(HERE))
        .answer(&request);
    assert!(ladder.agent.data_path().is_some());
}

#[test]
fn a_mapped_address_becomes_a_local_peer_reflexive_candidate() {
    let mut ladder = Ladder::controlling();
    ladder.set_remote().candidate(THERE, 1000);
    let request = ladder.expect();
    ladder.answer_as(&request, THERE, address("203.0.113.9:77"));
    let local = ladder.agent.candidate_pairs()[0].local.clone();
    assert_eq!(
        (local.kind, local.address.ip()),
        (CandidateKind::PeerReflexive, Some(address("203.0.113.9:77")))
    );
    assert_eq!(local.related, Some(address(HERE)));
    assert_eq!(ladder.agent.data_path().unwrap().local, address(HERE));
}

#[test]
fn the_best_pair_is_nominated_at_once_and_a_lesser_one_after_a_wait() {
    let mut ladder = Ladder::controlling();
    ladder.set_remote().candidate(THERE, 1000);
    let check = ladder.expect();
    let nomination = ladder.answer(&check).expect();
    assert!(nomination.use_candidate && nomination.id != check.id);
    assert_eq!(ladder.selected(), None);
    ladder.answer(&nomination);
    assert_eq!(ladder.selected(), Some(address(THERE)));

    let mut ladder = Ladder::controlling();
    ladder
        .set_remote()
        .candidate("10.0.0.9:9", 2000)
        .candidate(THERE, 1000);
    ladder.expect();
    let lesser = ladder.pass(50 * MS).expect();
    ladder.answer(&lesser).silent();
    // Data flows meanwhile.
    assert_eq!(ladder.agent.data_path().unwrap().remote, address(THERE));
    ladder.pass(99 * MS).silent();
    assert!(ladder.pass(MS).expect().use_candidate);
}

#[test]
fn conflicting_roles_are_settled_by_the_tie_breaker() {
    // The peer claims our role with a smaller tie-breaker: it is told to change.
    let mut ladder = Ladder::controlling();
    ladder.set_remote().check(
        THERE,
        Request {
            tie_breaker: 0,
            ..PLAIN
        },
    );
    assert_eq!(ladder.expect().error, Some(487));
    assert!(ladder.agent.candidate_pairs().is_empty());
    // With a larger one, we change.
    ladder.check(
        THERE,
        Request {
            tie_breaker: u64::MAX,
            ..PLAIN
        },
    );
    let sent = ladder.sent();
    assert_eq!((sent[0].error, sent[1].role), (None, Some(Role::Controlled)));
    assert!(ladder.events().contains(&Event::RoleChange(Role::Controlled)));
    // Both controlled: the larger one becomes controlling.
    let mut ladder = Ladder::controlled();
    ladder.set_remote().check(
        THERE,
        Request {
            role: Role::Controlled,
            tie_breaker: u64::MAX,
            ..PLAIN
        },
    );
    assert_eq!(ladder.expect().error, Some(487));
    ladder.check(
        THERE,
        Request {
            role: Role::Controlled,
            tie_breaker: 0,
            ..PLAIN
        },
    );
    assert_eq!(ladder.sent()[1].role, Some(Role::Controlling));
}

#[test]
fn a_refusal_with_487_swaps_the_role_once_and_checks_again() {
    let mut ladder = Ladder::controlling();
    ladder
        .set_remote()
        .candidate(THERE, 1000)
        .candidate("10.0.0.3:3", 999);
    let first = ladder.expect();
    let second = ladder.pass(50 * MS).expect();
    // Without integrity it is nobody's word.
    ladder.refuse(&first, 487, false).silent();
    ladder.refuse(&first, 487, true);
    let again = ladder.expect();
    assert_eq!((again.role, again.path), (Some(Role::Controlled), first.path));
    // The second request was sent in the old role: no swap back.
    ladder.refuse(&second, 487, true);
    assert_eq!(ladder.agent.role(), Role::Controlled);
    assert_eq!(ladder.expect().role, Some(Role::Controlled));
}

#[test]
fn of_a_peer_that_nominates_everything_the_highest_priority_is_followed() {
    let mut ladder = Ladder::controlled();
    ladder
        .set_remote()
        .candidate("10.0.0.2:1", 1000)
        .candidate("10.0.0.2:2", 3000)
        .candidate("10.0.0.2:3", 2000);
    ladder.sent();
    let nominated = |ladder: &mut Ladder, from: &str| {
        ladder.check(from, NOMINATE);
        // A check under way is replaced when it is 10 ms old.
        ladder.pass(10 * MS);
        let requests = ladder
            .sent()
            .into_iter()
            .filter(|seen| seen.class == Class::Request);
        for request in requests.filter(|seen| seen.path.remote == address(from)) {
            ladder.answer(&request);
        }
    };
    nominated(&mut ladder, "10.0.0.2:1");
    assert_eq!(ladder.selected(), Some(address("10.0.0.2:1")));
    nominated(&mut ladder, "10.0.0.2:2");
    assert_eq!(ladder.selected(), Some(address("10.0.0.2:2")));
    nominated(&mut ladder, "10.0.0.2:3");
    assert_eq!(
        ladder.selected(),
        Some(address("10.0.0.2:2")),
        "a lower pair was followed"
    );
    // The peer goes on with the highest; repeated nominations change nothing.
    ladder.events();
    for _ in 0..10 {
        ladder.pass(500 * MS).check("10.0.0.2:2", NOMINATE);
        ladder.sent();
    }
    assert!(
        !ladder
            .events()
            .iter()
            .any(|event| matches!(event, Event::SelectedPairChange(_)))
    );
    // When it falls silent, the peer's next choice is followed.
    ladder.pass(3100 * MS);
    ladder.sent();
    nominated(&mut ladder, "10.0.0.2:3");
    assert_eq!(ladder.selected(), Some(address("10.0.0.2:3")));
}

#[test]
fn of_renominations_the_latest_is_followed() {
    let mut ladder = Ladder::controlled();
    ladder
        .set_remote()
        .candidate("10.0.0.2:1", 2000)
        .candidate("10.0.0.2:2", 1000);
    let first = ladder.expect();
    let second = ladder.pass(50 * MS).expect();
    ladder.answer(&first).answer(&second);
    let nominate = |nomination| Request {
        nomination,
        ..NOMINATE
    };
    ladder.check("10.0.0.2:1", nominate(1));
    assert_eq!(ladder.selected(), Some(address("10.0.0.2:1")));
    ladder.check("10.0.0.2:2", nominate(2));
    assert_eq!(ladder.selected(), Some(address("10.0.0.2:2")));
    // An older nomination that comes late.
    ladder.check("10.0.0.2:1", nominate(1));
    assert_eq!(ladder.selected(), Some(address("10.0.0.2:2")));
    // NOMINATION implies USE-CANDIDATE.
    ladder.check(
        "10.0.0.2:1",
        Request {
            use_candidate: false,
            ..nominate(3)
        },
    );
    assert_eq!(ladder.selected(), Some(address("10.0.0.2:1")));
}

#[test]
fn renomination_is_spoken_where_both_want_it() {
    let mut ladder = Ladder::new(Config {
        renomination: true,
        ..Config::default()
    });
    ladder.set_remote().candidate(THERE, 1000);
    let check = ladder.expect();
    let nomination = ladder.answer(&check).expect();
    assert_eq!(nomination.nomination, Some(1));
    ladder.answer(&nomination);
    // A better pair that comes later is nominated too.
    ladder.pass(100 * MS).candidate("10.0.0.3:3", 2000);
    let check = ladder.expect();
    ladder.answer(&check);
    let better = ladder.expect();
    assert_eq!(
        (better.nomination, better.path.remote),
        (Some(2), address("10.0.0.3:3"))
    );
    ladder.answer(&better);
    assert_eq!(ladder.selected(), Some(address("10.0.0.3:3")));
}

#[test]
fn consent_is_asked_for_every_four_to_six_seconds_with_new_identifiers() {
    let mut ladder = Ladder::controlling();
    ladder.set_remote().candidate(THERE, 1000);
    let check = ladder.expect();
    let nomination = ladder.answer(&check).expect();
    ladder.answer(&nomination);
    ladder.agent.end_local_addresses(ladder.now);
    ladder.agent.end_of_remote_candidates(ladder.now);
    let mut ids = vec![];
    for _ in 0..20 {
        let wait = ladder.agent.poll_timeout().unwrap() - ladder.now;
        assert!(wait >= 4000 * MS && wait <= 6000 * MS, "{wait:?}");
        let request = ladder.pass(wait).expect();
        assert!(!ids.contains(&request.id));
        ids.push(request.id);
        ladder.answer(&request);
    }
    // A refusal with 403 ends it (RFC 7675 §5.2).
    let wait = ladder.agent.poll_timeout().unwrap() - ladder.now;
    let request = ladder.pass(wait).expect();
    ladder.refuse(&request, 403, false);
    assert_eq!(ladder.agent.connection_state(), ConnectionState::Completed);
    ladder.refuse(&request, 403, true);
    assert_eq!(ladder.agent.connection_state(), ConnectionState::Failed);
    assert_eq!(ladder.agent.data_path(), None);
}

#[test]
fn candidates_wait_for_their_generation() {
    let mut ladder = Ladder::controlling();
    let mut candidate = Candidate::new(CandidateKind::Host, address(THERE));
    candidate.extensions = vec![("ufrag".into(), "peer".into())];
    ladder
        .agent
        .add_remote_candidate(ladder.now, candidate.clone())
        .unwrap();
    candidate.extensions = vec![("ufrag".into(), "next".into())];
    candidate.address = ice::Address::Ip(address("10.0.0.3:3"));
    ladder
        .agent
        .add_remote_candidate(ladder.now, candidate.clone())
        .unwrap();
    assert!(ladder.agent.remote_candidates().is_empty());
    ladder.set_remote();
    // The other one belongs to credentials that never came.
    assert_eq!(ladder.agent.remote_candidates().len(), 1);
    ladder.agent.add_remote_candidate(ladder.now, candidate).unwrap();
    assert_eq!(ladder.agent.remote_candidates().len(), 1);
    ladder.peer = Credentials::new("next", "next-password-next-password");
    ladder.set_remote();
    assert_eq!(
        ladder.agent.remote_candidates()[0].address.ip(),
        Some(address("10.0.0.3:3"))
    );
}

#[test]
fn candidates_of_no_use_are_told_apart() {
    let mut ladder = Ladder::controlling();
    ladder.set_remote();
    let mut add = |line: &str| {
        ladder
            .agent
            .add_remote_candidate(ladder.now, line.parse().unwrap())
    };
    assert_eq!(add("1 1 tcp 9 10.0.0.2 9 typ host tcptype active"), Ok(()));
    assert_eq!(add("1 2 udp 9 10.0.0.2 9 typ host"), Ok(()));
    assert_eq!(
        add("1 1 udp 9 abc.local 9 typ host"),
        Err(CandidateError::Unresolved("abc.local".into()))
    );
    assert!(matches!(
        add("1 1 udp 9 10.0.0.2 0 typ host"),
        Err(CandidateError::Address(_))
    ));
    assert!(matches!(
        add("1 1 udp 9 0.0.0.0 9 typ host"),
        Err(CandidateError::Address(_))
    ));
    assert!(matches!(
        add("1 1 udp 9 224.0.0.1 9 typ host"),
        Err(CandidateError::Address(_))
    ));
    assert_eq!(ladder.agent.stats().ignored_candidates, 2);
    ladder.silent();
}

#[test]
fn every_table_is_bounded() {
    let limits = Limits {
        remote_candidates: 8,
        pairs: 6,
        responses: 4,
        ..Limits::default()
    };
    let mut ladder = Ladder::new(Config {
        role: Role::Controlled,
        limits,
        ..Config::default()
    });
    ladder.set_remote();
    for n in 1..=8_u16 {
        ladder.candidate(&format!("10.0.0.2:{n}"), 1000);
    }
    let more = Candidate::new(CandidateKind::Host, address("10.0.0.2:99"));
    assert_eq!(
        ladder.agent.add_remote_candidate(ladder.now, more),
        Err(CandidateError::TooMany(8))
    );
    assert_eq!(ladder.agent.candidate_pairs().len(), 6);
    // A peer with the credentials that floods from ever new ports, with nobody polling.
    for n in 1..=5000_u16 {
        ladder.check(&format!("10.0.0.7:{n}"), NOMINATE);
        ladder.now += MS;
    }
    assert!(ladder.agent.candidate_pairs().len() <= 6);
    assert!(ladder.agent.remote_candidates().len() <= 8);
    let sent = ladder.sent();
    assert_eq!(sent.iter().filter(|seen| seen.class != Class::Request).count(), 4);
    assert!(sent.len() < 300, "{}", sent.len());
    assert!(ladder.events().len() <= 600);
    assert!(ladder.agent.stats().overflow > 4000);
}

#[test]
fn a_peer_that_keeps_changing_its_role_is_followed_in_bounds() {
    let mut ladder = Ladder::controlling();
    ladder.set_remote().candidate(THERE, 1000);
    // Each time the tie-breaker says that it is for us to change, and nobody asks for the news.
    for n in 0..5000_u32 {
        let tie_breaker = if n % 2 == 0 { u64::MAX } else { 0 };
        let role = ladder.agent.role();
        ladder.check(
            THERE,
            Request {
                role,
                tie_breaker,
                ..PLAIN
            },
        );
        ladder.now += MS;
    }
    let sent = ladder.sent();
    assert!(sent.len() < 300, "{}", sent.len());
    assert!(ladder.events().len() <= 600);
    assert_eq!(ladder.agent.candidate_pairs().len(), 1);
    // It settles when the peer does.
    ladder.pass(100 * MS);
    let role = if ladder.agent.role() == Role::Controlling {
        Role::Controlled
    } else {
        Role::Controlling
    };
    ladder.check(THERE, Request { role, ..PLAIN });
    let sent = ladder.pass(100 * MS).sent();
    for request in sent.iter().filter(|seen| seen.class == Class::Request) {
        ladder.answer(request);
    }
    assert!(ladder.agent.data_path().is_some());
    assert_ne!(ladder.agent.role(), role);
}

#[test]
fn a_relay_only_agent_discloses_nothing() {
    let transport_policy = ice::TransportPolicy::Relay;
    let mut ladder = Ladder::new(Config {
        role: Role::Controlled,
        transport_policy,
        ..Config::default()
    });
    ladder.set_remote().check(THERE, PLAIN).silent();
    assert!(ladder.agent.local_candidates().is_empty());
}

#[test]
fn a_closed_agent_is_silent() {
    let mut ladder = Ladder::controlling();
    ladder.set_remote().candidate(THERE, 1000);
    ladder.agent.close();
    ladder.silent();
    let bytes = ladder.request_bytes(PLAIN, "x");
    assert_eq!(ladder.input(THERE, &bytes), Input::Dropped);
    assert_eq!(ladder.input(THERE, b"\xff"), Input::Dropped);
    assert_eq!(ladder.agent.poll_timeout(), None);
    ladder.agent.restart(ladder.now);
    ladder.agent.add_local_address(ladder.now, address("10.0.0.9:1"));
    assert_eq!(ladder.agent.connection_state(), ConnectionState::Closed);
    let candidate = Candidate::new(CandidateKind::Host, address(THERE));
    assert_eq!(
        ladder.agent.add_remote_candidate(ladder.now, candidate),
        Err(CandidateError::Closed)
    );
}

#[test]
fn mapped_addresses_of_a_cloud_are_signalled_instead_of_the_base() {
    let now = Instant::now();
    let mut agent = Agent::new(Config::default(), [1; 32]);
    agent.add_mapped_address(now, address(HERE), address("203.0.113.5:1000"));
    let candidates = agent.local_candidates();
    assert_eq!(candidates.len(), 1);
    assert_eq!(
        (candidates[0].kind, candidates[0].address.ip()),
        (CandidateKind::Host, Some(address("203.0.113.5:1000")))
    );
}

#[test]
fn cores_can_be_moved_between_threads() {
    fn send<T: Send>() {}
    send::<Agent>();
    send::<ice::Mux<u32>>();
}

#[test]
fn a_server_without_room_is_reported() {
    let server = |n: usize| ice::StunServer {
        address: address(&format!("192.0.2.{n}:3478")),
        url: format!("stun:{n}"),
    };
    let config = Config {
        stun_servers: (0..10).map(server).collect(),
        ..Config::default()
    };
    let mut agent = Agent::new(config, [1; 32]);
    let now = Instant::now();
    agent.add_stun_server(now, address("192.0.2.99:3478"), "stun:99");
    agent.add_stun_server(now, address("192.0.2.0:3478"), "stun:known");
    let refused: Vec<_> = std::iter::from_fn(|| agent.poll_event())
        .map(|event| match event {
            Event::GatheringError { url, reason, .. } => (url, reason),
            other => panic!("{other:?}"),
        })
        .collect();
    let expected = ["stun:8", "stun:9", "stun:99"].map(|url| {
        let reason = ice::GatheringError::TooManyServers(8);
        (url.to_owned(), reason)
    });
    assert_eq!(refused, expected);
}

/// The URLs and addresses of servers that no socket could ask.
fn unasked(agent: &mut Agent) -> Vec<(String, SocketAddr)> {
    std::iter::from_fn(|| agent.poll_event())
        .filter_map(|event| match event {
            Event::GatheringError {
                url,
                reason: ice::GatheringError::NoSocket(server),
                code,
                ..
            } => {
                assert_eq!(code, 701);
                Some((url, server))
            }
            _ => None,
        })
        .collect()
}

#[test]
fn a_server_whose_family_no_socket_has_is_reported_once_in_each_generation() {
    let mut agent = Agent::new(Config::default(), [1; 32]);
    let (now, server) = (Instant::now(), address("[2001:db8::9]:3478"));
    let expected = [("stun:six".to_owned(), server)];
    agent.add_local_address(now, address(HERE));
    agent.add_stun_server(now, server, "stun:six");
    assert_eq!(unasked(&mut agent), [], "an address may follow");
    agent.end_local_addresses(now);
    assert_eq!(agent.gathering_state(), ice::GatheringState::Complete);
    assert_eq!(unasked(&mut agent), expected);
    agent.end_local_addresses(now);
    assert_eq!(unasked(&mut agent), []);
    agent.restart(now);
    assert_eq!(unasked(&mut agent), expected);
}

#[test]
fn a_name_of_which_one_address_is_asked_is_no_error() {
    let mut agent = Agent::new(Config::default(), [1; 32]);
    let now = Instant::now();
    agent.add_local_address(now, address(HERE));
    agent.add_stun_server(now, address("[2001:db8::9]:3478"), "stun:both");
    agent.add_stun_server(now, address("192.0.2.9:3478"), "stun:both");
    agent.end_local_addresses(now);
    assert!(answer_question(&mut agent, now, "192.0.2.1:1000").is_some());
    assert_eq!(agent.gathering_state(), ice::GatheringState::Complete);
    assert_eq!(unasked(&mut agent), []);
}

#[test]
fn an_unreachable_server_is_given_up_at_once_and_an_unreachable_pair_says_so() {
    let mut ladder = Ladder::controlling();
    ladder
        .agent
        .add_stun_server(ladder.now, address("192.0.2.9:3478"), "stun:far");
    ladder.agent.end_local_addresses(ladder.now);
    let mut out = Vec::new();
    let asked = ladder.agent.poll_transmit(ladder.now, &mut out).unwrap();
    assert_eq!(asked.path.remote, address("192.0.2.9:3478"));
    ladder.agent.handle_transmit_error(ladder.now, asked.path);
    assert_eq!(ladder.agent.gathering_state(), ice::GatheringState::Complete);
    let reason = ice::GatheringError::Unreachable;
    let expected = Event::GatheringError {
        url: "stun:far".into(),
        address: address(HERE),
        code: 701,
        reason,
    };
    assert!(ladder.events().contains(&expected));
    ladder.set_remote().candidate(THERE, 1000).pass(50 * MS);
    let check = ladder.expect();
    ladder.agent.handle_transmit_error(ladder.now, check.path);
    ladder.pass(Duration::from_secs(45));
    let failed = ladder.events().into_iter().find_map(|event| match event {
        Event::Failed(reason) => Some(reason.to_string()),
        _ => None,
    });
    let text = failed.unwrap();
    assert!(
        text.contains("10.0.0.1:1000 → 10.0.0.2:2000 (host to host)"),
        "{text}"
    );
    assert!(text.contains("the socket cannot send there"), "{text}");
}

/// Answers the question of a server; whom it was asked of.
fn answer_question(agent: &mut Agent, now: Instant, mapped: &str) -> Option<SocketAddr> {
    let mut out = Vec::new();
    let asked = agent.poll_transmit(now, &mut out)?;
    let id = MessageRef::decode(&out).unwrap().transaction_id();
    let mut bytes = Vec::new();
    MessageWriter::new(&mut bytes, Class::SuccessResponse, Method::BINDING, id)
        .attribute(&XorMappedAddress(address(mapped)))
        .finish();
    agent.handle_input(now, asked.path, &bytes);
    Some(asked.path.remote)
}

#[test]
fn an_address_that_a_nat_has_changed_is_a_candidate_of_its_own() {
    let (mut agent, mut now) = (Agent::new(Config::default(), [9; 32]), Instant::now());
    agent.add_stun_server(now, address("192.0.2.9:3478"), "stun:near");
    agent.add_local_address(now, address(HERE));
    agent.end_local_addresses(now);
    assert!(answer_question(&mut agent, now, "203.0.113.1:1000").is_some());
    assert_eq!(agent.gathering_state(), ice::GatheringState::Complete);
    let mut later = |mapped: &str| {
        now += Duration::from_secs(15);
        while agent.poll_event().is_some() {}
        assert_eq!(agent.poll_timeout(), Some(now));
        agent.handle_timeout(now);
        answer_question(&mut agent, now, mapped).unwrap();
        std::iter::from_fn(|| agent.poll_event()).collect::<Vec<_>>()
    };
    assert_eq!(later("203.0.113.1:1000"), []);
    let news = later("203.0.113.1:2000");
    let [
        Event::GatheringStateChange(ice::GatheringState::Gathering),
        Event::LocalCandidate(candidate),
        Event::GatheringStateChange(ice::GatheringState::Complete),
    ] = news.as_slice()
    else {
        panic!("{news:?}")
    };
    assert_eq!(candidate.address.ip(), Some(address("203.0.113.1:2000")));
    assert_eq!(later("203.0.113.1:2000"), []);
}

#[test]
fn a_host_may_move_any_number_of_times() {
    let now = Instant::now();
    let mut agent = Agent::new(Config::default(), [1; 32]);
    let fixed = address("10.9.9.9:9");
    let mut old = address("10.0.0.1:1000");
    agent.add_local_address(now, old);
    agent.add_local_address(now, fixed);
    for n in 0..100 {
        let new = address(&format!("10.0.{n}.2:2000"));
        agent.remove_local_address(now, old);
        agent.restart(now);
        agent.add_local_address(now, new);
        old = new;
        let candidates = agent.local_candidates();
        let found: Vec<_> = candidates.iter().filter_map(|it| it.address.ip()).collect();
        assert_eq!(found, [fixed, new]);
        assert_ne!(candidates[0].priority, candidates[1].priority);
    }
    assert_eq!(agent.stats().overflow, 0);
    for n in 0..40 {
        agent.add_local_address(now, address(&format!("10.1.{n}.1:1")));
    }
    agent.add_local_address(now, fixed);
    assert_eq!(agent.local_addresses().count(), 32);
    assert_eq!(agent.stats().overflow, 10, "what finds no room is counted");
}

#[test]
fn each_candidate_has_a_priority_of_its_own() {
    // RFC 8445 §5.1.2, where each of more servers than are usual sees another address.
    let limits = Limits {
        stun_servers: 20,
        ..Limits::default()
    };
    let config = Config {
        limits,
        ..Config::default()
    };
    let (mut agent, mut now) = (Agent::new(config, [9; 32]), Instant::now());
    for server in 1..=20 {
        let server = SocketAddr::from(([192, 0, 2, server], 3478));
        agent.add_stun_server(now, server, "stun:one");
    }
    for n in [1, 2] {
        agent.add_local_address(now, SocketAddr::from(([10, 0, 0, n], 1000)));
    }
    agent.end_local_addresses(now);
    for n in 0..40 {
        assert!(answer_question(&mut agent, now, &format!("203.0.113.1:{}", 1000 + n)).is_some());
        now += 50 * MS;
        agent.handle_timeout(now);
    }
    let candidates = agent.local_candidates();
    assert_eq!(candidates.len(), 42);
    let mut priorities: Vec<u32> = candidates.iter().map(|candidate| candidate.priority).collect();
    priorities.sort_unstable();
    priorities.dedup();
    assert_eq!(priorities.len(), candidates.len());
    let reflexive = |first: bool| {
        let related = move |candidate: &&Candidate| {
            candidate
                .related
                .is_some_and(|base| (base == address(HERE)) == first)
        };
        candidates
            .iter()
            .filter(related)
            .map(|candidate| candidate.priority)
    };
    assert!(reflexive(true).min() > reflexive(false).max());
}

#[test]
fn a_role_that_is_set_is_no_news() {
    let mut ladder = Ladder::controlling();
    ladder.agent.set_role(Role::Controlled);
    assert_eq!(
        (ladder.agent.role(), ladder.agent.stats().role_changes),
        (Role::Controlled, 0)
    );
    assert!(
        !ladder
            .events()
            .iter()
            .any(|event| matches!(event, Event::RoleChange(_)))
    );
}

#[test]
fn link_local_addresses_are_paired_with_their_like_and_keep_the_scope_of_the_socket() {
    let mut ladder = Ladder::controlling();
    let base: SocketAddr = std::net::SocketAddrV6::new("fe80::1".parse().unwrap(), 1000, 0, 7).into();
    ladder.agent.add_local_address(ladder.now, base);
    ladder
        .agent
        .add_local_address(ladder.now, address("[2001:db8::1]:1000"));
    ladder.set_remote().candidate("[fe80::2]:2000", 1000);
    let check = ladder.expect();
    assert_eq!(ladder.agent.candidate_pairs().len(), 1);
    let scoped: SocketAddr = std::net::SocketAddrV6::new("fe80::2".parse().unwrap(), 2000, 0, 7).into();
    assert_eq!(
        check.path,
        Path {
            local: base,
            remote: scoped
        }
    );
    let key = ladder.key(&ladder.peer.pwd);
    let mut out = Vec::new();
    MessageWriter::new(&mut out, Class::SuccessResponse, Method::BINDING, check.id)
        .attribute(&XorMappedAddress(address("[fe80::1]:1000")))
        .integrity(&key)
        .fingerprint()
        .finish();
    ladder.agent.handle_input(ladder.now, check.path, &out);
    assert_eq!(ladder.agent.data_path(), Some(check.path));
}

#[test]
fn both_families_are_tried_in_turn() {
    let mut ladder = Ladder::controlling();
    for n in 1..=3 {
        ladder
            .agent
            .add_local_address(ladder.now, address(&format!("[2001:db8::{n}]:1000")));
    }
    let candidates = ladder.agent.local_candidates();
    let mut order: Vec<_> = candidates
        .iter()
        .map(|c| (c.priority, c.address.ip().unwrap().is_ipv4()))
        .collect();
    order.sort_unstable();
    let families: Vec<_> = order.into_iter().rev().map(|(_, v4)| v4).collect();
    assert_eq!(families, [false, true, false, false]);
}
