//! What takes its time: a peer that is given up, by ICE after 39.5 s (RFC 8863), by DTLS after a minute, by consent
//! after 30 s (RFC 7675 §5.1). All wait at the same time, on partners of their own, while everything else is played.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::super::json::Members;
use super::super::matcher::Match;
use super::faults::{failed, reason};
use super::{Outcome, Scene, Side, text};

/// Longer than anybody's patience.
const GIVEN_UP: Duration = Duration::from_secs(90);

const ROLES: [Side; 2] = [Side::Us, Side::Them];

/// Does something to both partners at once.
type Strike = fn(&mut Match) -> Result<(), String>;

/// A scenario that waits: how it begins for one role, and how it has to end. In between there may be a strike at the partner,
/// which ends all of its connections: the others are waited for before.
#[derive(Debug)]
pub(in super::super) struct Patient {
    pub(in super::super) name: &'static str,
    begin: fn(&mut Scene<'_>) -> Result<(), String>,
    strike: Option<Strike>,
    end: fn(&mut Scene<'_>) -> Outcome,
}

/// All of them; who strikes comes last.
pub(in super::super) const PATIENTS: &[Patient] = &[
    Patient {
        name: "wrong passwords",
        begin: |scene| wrong_password(scene, |_| true),
        strike: None,
        end: refused,
    },
    Patient {
        name: "wrong password at them",
        begin: |scene| wrong_password(scene, |to| to == Side::Them),
        strike: None,
        end: refused,
    },
    Patient {
        name: "they vanish",
        begin: |scene| scene.connect("data", json!({})),
        strike: Some(vanish),
        end: silent,
    },
];

/// A patient in one role that has begun.
struct Begun<'p> {
    patient: &'p Patient,
    offerer: Side,
    pc: String,
    at: Instant,
    result: Result<(), String>,
}

/// Plays them all at the same time, offering and answering: name, who offered, how long it took, how it ended.
pub(in super::super) fn play(
    patients: &[&Patient],
    matched: &mut Match,
) -> Vec<(&'static str, Side, Duration, Outcome)> {
    let mut begun = Vec::new();
    for patient in patients {
        for offerer in ROLES {
            let mut scene = Scene::new(matched, offerer);
            let result = (patient.begin)(&mut scene);
            begun.push(Begun {
                patient,
                offerer,
                pc: scene.pc,
                at: Instant::now(),
                result,
            });
        }
    }
    let mut struck = None;
    let ended = begun.into_iter().map(|mut begun| {
        if let Some(strike) = begun.patient.strike {
            let (at, result) = struck
                .get_or_insert_with(|| (Instant::now(), strike(matched)))
                .clone();
            begun.at = at;
            begun.result = begun.result.and(result);
        }
        let outcome = begun.result.and_then(|()| {
            let mut scene = Scene {
                pc: begun.pc,
                ..Scene::new(matched, begun.offerer)
            };
            (begun.patient.end)(&mut scene)
        });
        (begun.patient.name, begun.offerer, begun.at.elapsed(), outcome)
    });
    ended.collect()
}

/// The sides that `told` accepts are told another password than the other one has.
fn wrong_password(scene: &mut Scene<'_>, told: impl Fn(Side) -> bool) -> Result<(), String> {
    scene.create()?;
    scene.ask(scene.offerer, "channel", json!({"label": "data"}))?;
    scene.negotiate(
        "offer",
        scene.offerer,
        |to, sdp| {
            if told(to) { forge(&sdp) } else { sdp }
        },
    )
}

/// Changes the last letter of each password.
fn forge(sdp: &str) -> String {
    let forged = |line: &str| match line.strip_prefix("a=ice-pwd:") {
        Some(password) => {
            let last = if password.ends_with('x') { 'y' } else { 'x' };
            let kept = password.len().saturating_sub(1);
            format!("a=ice-pwd:{}{last}\r\n", password.get(..kept).unwrap_or_default())
        }
        None => format!("{line}\r\n"),
    };
    sdp.lines().map(forged).collect()
}

/// Nobody connects; we say that it is the credentials, and they notice too.
fn refused(scene: &mut Scene<'_>) -> Outcome {
    let event = failed(scene, GIVEN_UP)?;
    let note = reason(scene, &event, "credentials")?;
    let given_up = |event: &Value| {
        event.at("kind") == "connection" && (event.at("state") == "failed" || event.at("state") == "closed")
    };
    let pc = scene.pc.clone();
    let theirs = scene
        .matched
        .wait((Side::Them, &pc), "terminal state", given_up, GIVEN_UP)?;
    for side in ROLES {
        if scene.matched.seen(side, &pc, |event| event.at("ev") == "open") {
            return Err(format!("the channel opened at {}", scene.kind(side)));
        }
    }
    Ok(format!(
        "{}: {}; ours: {note}",
        scene.kind(Side::Them),
        text(&theirs, "state")?
    ))
}

/// Their process is killed.
fn vanish(matched: &mut Match) -> Result<(), String> {
    // The reply does not come any more.
    matched.begin(Side::Them, json!({"op": "vanish"})).map(drop)
}

/// We notice by ourselves.
fn silent(scene: &mut Scene<'_>) -> Outcome {
    let event = failed(scene, GIVEN_UP)?;
    reason(scene, &event, "has not answered")
}
