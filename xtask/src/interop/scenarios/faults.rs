//! What goes wrong has to be named. The names are asked of our own peer; a stand-in only has to notice.

use std::time::Duration;

use serde_json::{Value, json};

use super::super::json::Members;
use super::{Outcome, SETUP, Scene, Side, text};

/// Their description names another certificate than theirs: we must not connect, and say why.
pub(super) fn fingerprint(scene: &mut Scene<'_>) -> Outcome {
    scene.create()?;
    scene.ask(scene.offerer, "channel", json!({"label": "data"}))?;
    scene.negotiate("offer", scene.offerer, |to, sdp| {
        if to == Side::Us { forge(&sdp) } else { sdp }
    })?;
    let event = failed(scene, SETUP)?;
    let pc = scene.pc.clone();
    if scene
        .matched
        .seen(Side::Us, &pc, |event| event.at("ev") == "open")
    {
        return Err("the channel opened all the same".to_owned());
    }
    reason(scene, &event, "fingerprint")
}

/// Changes the last byte of each fingerprint.
fn forge(sdp: &str) -> String {
    let forged = |line: &str| match line.strip_prefix("a=fingerprint:") {
        Some(_) => match line.rsplit_once(':') {
            Some((rest, last)) => format!("{rest}:{}\r\n", if last == "00" { "01" } else { "00" }),
            None => format!("{line}\r\n"),
        },
        None => format!("{line}\r\n"),
    };
    sdp.lines().map(forged).collect()
}

pub(super) fn failed(scene: &mut Scene<'_>, timeout: Duration) -> Result<Value, String> {
    let strict = scene.kind(Side::Us).is_ours();
    let ended = move |event: &Value| {
        event.at("kind") == "connection"
            && (event.at("state") == "failed"
                || (!strict && (event.at("state") == "closed" || event.at("state") == "disconnected")))
    };
    let pc = scene.pc.clone();
    scene
        .matched
        .wait((Side::Us, &pc), "terminal state", ended, timeout)
}

/// Our terminal event has to contain `word`.
pub(super) fn reason(scene: &Scene<'_>, event: &Value, word: &str) -> Outcome {
    let reason = event.at("reason").as_str().unwrap_or_default();
    if !scene.kind(Side::Us).is_ours() {
        return Ok(format!("{} without a reason", event.at("state")));
    }
    if reason.to_lowercase().contains(word) {
        Ok(reason.to_owned())
    } else {
        Err(format!("the reason does not say {word:?}: {reason:?}"))
    }
}

/// Their limit is lowered to 1,000 bytes on its way to us: one more has to be refused, 1,000 have to arrive.
pub(super) fn oversize(scene: &mut Scene<'_>) -> Outcome {
    scene.create()?;
    scene.ask(scene.offerer, "channel", json!({"label": "data"}))?;
    scene.negotiate("offer", scene.offerer, |to, sdp| {
        if to == Side::Us { lower(&sdp) } else { sdp }
    })?;
    scene.opened("data")?;
    let refused = match scene.ask(
        Side::Us,
        "send",
        json!({"label": "data", "text": "x".repeat(1001)}),
    ) {
        Err(error) => error,
        Ok(_) if scene.kind(Side::Us).is_ours() => return Err("1001 bytes were taken".to_owned()),
        Ok(_) => "1001 bytes were taken".to_owned(),
    };
    if scene.kind(Side::Us).is_ours() {
        scene.ask(
            Side::Us,
            "send",
            json!({"label": "data", "text": "x".repeat(1000)}),
        )?;
        let arrived = scene.wait(Side::Them, "message", "data", SETUP)?;
        if text(&arrived, "text")?.len() != 1000 {
            return Err("the message of 1000 bytes arrived changed".to_owned());
        }
    }
    Ok(refused)
}

fn lower(sdp: &str) -> String {
    let kept = sdp
        .lines()
        .filter(|line| !line.starts_with("a=max-message-size:"));
    kept.map(|line| format!("{line}\r\n"))
        .chain(["a=max-message-size:1000\r\n".to_owned()])
        .collect()
}

/// Something that is no description, and one that lacks what is needed: both refused, neither fatal.
pub(super) fn malformed(scene: &mut Scene<'_>) -> Outcome {
    scene.create()?;
    let mut first = String::new();
    for sdp in [
        "hello",
        "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\nm=application x UDP/DTLS/SCTP\r\n",
    ] {
        match scene.ask(Side::Us, "answer", json!({"sdp": sdp})) {
            Ok(_) => return Err(format!("{sdp:?} was taken for a description")),
            Err(error) if first.is_empty() => first = error,
            Err(_) => {}
        }
    }
    scene.ask(scene.offerer, "channel", json!({"label": "data"}))?;
    scene.negotiate("offer", scene.offerer, |_, sdp| sdp)?;
    scene.opened("data")?;
    Ok(first)
}
