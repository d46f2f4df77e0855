//! What every pairing has to do. A scenario gets a fresh connection between the two running partners.

mod closing;
mod examples;
mod faults;
mod media;
mod messages;
mod patience;
mod restart;
mod simulcast;
mod tab;
mod tracks;

use std::time::Duration;

use serde_json::{Value, json};

use super::json::Members;
use super::matcher::Match;
use super::partner::{Kind, Side};

/// How long ICE, DTLS and SCTP may take together on a busy machine.
const SETUP: Duration = Duration::from_secs(20);
/// How long anything else may take that waits for one round trip.
const SOON: Duration = Duration::from_secs(10);

pub(super) use patience::{PATIENTS, Patient, play as play_patients};

/// One row of the matrix.
#[derive(Debug)]
pub(super) struct Scenario {
    pub(super) name: &'static str,
    /// Played with every provider of cryptography.
    pub(super) sealed: bool,
    /// Needs our peer, which sends media back, and one of these; empty where anybody will do.
    with: &'static [Kind],
    /// A page of ours, which always offers.
    pub(super) is_page: bool,
    play: fn(&mut Scene<'_>) -> Outcome,
}

/// A note for the report, or what went wrong.
pub(super) type Outcome = Result<String, String>;

const fn scenario(name: &'static str, play: fn(&mut Scene<'_>) -> Outcome) -> Scenario {
    Scenario {
        name,
        sealed: false,
        with: &[],
        is_page: false,
        play,
    }
}

const fn sealed(name: &'static str, play: fn(&mut Scene<'_>) -> Outcome) -> Scenario {
    Scenario {
        sealed: true,
        ..scenario(name, play)
    }
}

const fn media(name: &'static str, with: &'static [Kind], play: fn(&mut Scene<'_>) -> Outcome) -> Scenario {
    Scenario {
        with,
        ..scenario(name, play)
    }
}

const fn page(name: &'static str, with: &'static [Kind], play: fn(&mut Scene<'_>) -> Outcome) -> Scenario {
    Scenario {
        is_page: true,
        ..media(name, with, play)
    }
}

impl Scenario {
    /// Whether these two can play it.
    pub(super) fn is_for(&self, us: Kind, them: Kind) -> bool {
        let is_us = us == Kind::Ours || (us.is_ours() && !self.is_page);
        self.with.is_empty() || (is_us && self.with.contains(&them))
    }

    /// Whether it is played with this side offering.
    pub(super) const fn is_offered_by(&self, side: Side) -> bool {
        !self.is_page || matches!(side, Side::Them)
    }
}

const ALL: &[Kind] = &[Kind::Pion, Kind::Chromium, Kind::Firefox];
const BROWSERS: &[Kind] = &[Kind::Chromium, Kind::Firefox];
const CHROMIUM: &[Kind] = &[Kind::Chromium];
/// Firefox refuses an offer with ids of header extensions above 14.
const NOT_FIREFOX: &[Kind] = &[Kind::Pion, Kind::Chromium];

/// All of them, in the order of the report.
pub(super) const SCENARIOS: &[Scenario] = &[
    sealed("open", messages::open),
    sealed("ordered", messages::ordered),
    scenario("unordered", messages::unordered),
    scenario("ordered, retransmits", messages::ordered_retransmits),
    scenario("unordered, retransmits", messages::unordered_retransmits),
    scenario("ordered, lifetime", messages::ordered_lifetime),
    scenario("unordered, lifetime", messages::unordered_lifetime),
    scenario("negotiated channel", messages::negotiated),
    scenario("we close the channel", closing::our_channel),
    scenario("they close the channel", closing::their_channel),
    scenario("we close the connection", closing::our_connection),
    scenario("they close the connection", closing::their_connection),
    sealed("we restart ICE", restart::ours),
    scenario("they restart ICE", restart::theirs),
    sealed("wrong fingerprint", faults::fingerprint),
    scenario("message over their limit", faults::oversize),
    scenario("malformed description", faults::malformed),
    Scenario {
        sealed: true,
        ..media("media VP8 and Opus", ALL, media::vp8_and_opus)
    },
    media("media, other codecs", ALL, media::other_codecs),
    media("media, three layers", BROWSERS, simulcast::layers),
    media("media, they change tracks", ALL, tracks::theirs),
    media("media, we change tracks", ALL, tracks::ours),
    media("media, they stop the first", ALL, tracks::they_stop),
    media("media, we stop the first", ALL, tracks::we_stop),
    media("media, they use it again", ALL, tracks::they_begin_again),
    media("media, we use it again", ALL, tracks::we_begin_again),
    media("media, 5 % loss", ALL, media::loss),
    media("media, encrypted headers", NOT_FIREFOX, media::encrypted),
    page("save-to-disk, VP8", BROWSERS, examples::record_vp8),
    page("save-to-disk, VP9", BROWSERS, examples::record_vp9),
    page("save-to-disk, AV1", BROWSERS, examples::record_av1),
    page("save-to-disk, H264", CHROMIUM, examples::record_h264),
    page("play-from-disk", BROWSERS, examples::play),
    page("rtp-forwarder", BROWSERS, examples::forward),
    page("rtp-to-webrtc", BROWSERS, examples::feed),
    page("broadcast", BROWSERS, examples::broadcast),
    page("swap-tracks", BROWSERS, examples::swap),
    page("simulcast", BROWSERS, examples::layers),
    page("reflect", BROWSERS, examples::reflect),
    page("insertable-streams", BROWSERS, examples::transform),
    page("rtcp-processing", BROWSERS, examples::reports),
    page("playground, media", BROWSERS, examples::playground),
];

/// A connection that a scenario plays with.
#[derive(Debug)]
pub(super) struct Scene<'m> {
    matched: &'m mut Match,
    pc: String,
    /// All the connections that it has had.
    used: Vec<String>,
    offerer: Side,
    /// The largest message that both sides take, up to 256 KiB.
    max: u64,
}

impl<'m> Scene<'m> {
    /// A fresh name for a connection; nothing is made yet.
    pub(super) fn new(matched: &'m mut Match, offerer: Side) -> Self {
        let pc = matched.next_connection();
        Self {
            matched,
            used: vec![pc.clone()],
            pc,
            offerer,
            max: 256 * 1024,
        }
    }

    /// Plays a scenario and closes what it left open.
    pub(super) fn play(mut self, scenario: &Scenario) -> Outcome {
        let outcome = (scenario.play)(&mut self);
        for pc in std::mem::take(&mut self.used) {
            self.pc = pc;
            for side in [Side::Us, Side::Them] {
                // Closing twice, or what never was, may be refused.
                drop(self.ask(side, "close", json!({})));
            }
        }
        outcome
    }

    /// From here on it plays with another connection, beside the one there is.
    fn begin_another(&mut self) {
        self.pc = self.matched.next_connection();
        self.used.push(self.pc.clone());
    }

    fn kind(&self, side: Side) -> Kind {
        self.matched.kind(side)
    }

    fn begin(&mut self, side: Side, op: &str, keys: Value) -> Result<u64, String> {
        self.matched
            .begin(side, keys.with("op", op).with("pc", self.pc.as_str()))
    }

    fn ask(&mut self, side: Side, op: &str, keys: Value) -> Result<Value, String> {
        self.matched
            .request(side, keys.with("op", op).with("pc", self.pc.as_str()))
    }

    fn wait(&mut self, side: Side, event: &str, label: &str, timeout: Duration) -> Result<Value, String> {
        let wanted = |line: &Value| line.at("ev") == event && line.at("label") == label;
        self.matched
            .wait((side, &self.pc), &format!("{event} of {label}"), wanted, timeout)
    }

    /// Makes both connections, opens `label` from the offerer and waits until it is open on both sides.
    fn connect(&mut self, label: &str, init: Value) -> Result<(), String> {
        self.create()?;
        self.ask(self.offerer, "channel", init.with("label", label))?;
        self.negotiate("offer", self.offerer, |_, sdp| sdp)?;
        self.opened(label)
    }

    fn create(&mut self) -> Result<(), String> {
        for side in [Side::Us, Side::Them] {
            self.ask(side, "new", json!({}))?;
        }
        Ok(())
    }

    fn opened(&mut self, label: &str) -> Result<(), String> {
        for side in [Side::Us, Side::Them] {
            self.wait(side, "open", label, SETUP)?;
        }
        Ok(())
    }

    /// Offer and answer; `edit` sees each description with the side it goes to.
    fn negotiate(
        &mut self,
        op: &str,
        from: Side,
        edit: impl Fn(Side, String) -> String,
    ) -> Result<(), String> {
        let to = from.other();
        let pc = self.pc.clone();
        self.matched.hold(from, &pc);
        self.matched.hold(to, &pc);
        let offer = text(&self.ask(from, op, json!({}))?, "sdp")?;
        self.limit(&offer);
        let answer = text(&self.ask(to, "answer", json!({"sdp": edit(to, offer)}))?, "sdp")?;
        self.matched.release(to, &pc)?;
        self.limit(&answer);
        self.ask(from, "accept", json!({"sdp": edit(from, answer)}))?;
        self.matched.release(from, &pc)
    }

    /// Takes note of a description's max-message-size (RFC 8841 §6: absent is 64 KiB, 0 is no limit).
    fn limit(&mut self, sdp: &str) {
        let value = sdp
            .lines()
            .find_map(|line| line.strip_prefix("a=max-message-size:"));
        let limit = value.map_or(Some(65_536), |digits| digits.trim().parse::<u64>().ok());
        if let Some(limit) = limit.filter(|limit| *limit > 0) {
            self.max = self.max.min(limit);
        }
    }
}

/// A string member of a reply.
fn text(reply: &Value, key: &str) -> Result<String, String> {
    reply
        .at(key)
        .as_str()
        .map(str::to_owned)
        .ok_or_else(|| format!("no {key} in {reply}"))
}

/// A number member of a reply, 0 where there is none.
fn number(reply: &Value, key: &str) -> u64 {
    reply.at(key).as_u64().unwrap_or_default()
}
