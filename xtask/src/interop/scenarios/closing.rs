//! Either side closes a channel or the connection.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::super::json::Members;
use super::{Outcome, SOON, Scene, Side};

/// Who does not hear a goodbye has to find out by consent freshness (RFC 7675: 30 s).
const NOTICED: Duration = Duration::from_secs(40);

pub(super) fn our_channel(scene: &mut Scene<'_>) -> Outcome {
    channel(scene, Side::Us)
}

pub(super) fn their_channel(scene: &mut Scene<'_>) -> Outcome {
    channel(scene, Side::Them)
}

/// Closes a channel, sends on it, and opens the next one, whose id may be the same.
fn channel(scene: &mut Scene<'_>, closer: Side) -> Outcome {
    scene.connect("data", json!({}))?;
    scene.ask(closer, "send", json!({"label": "data", "text": "the last word"}))?;
    scene.ask(closer, "close", json!({"label": "data"}))?;
    scene.wait(closer.other(), "message", "data", SOON)?;
    for side in [Side::Us, Side::Them] {
        scene.wait(side, "closed", "data", SOON)?;
    }
    // Firefox drops such a message without a word; we have to refuse it.
    if scene
        .ask(Side::Us, "send", json!({"label": "data", "text": "too late"}))
        .is_ok()
    {
        return Err(format!(
            "{} took a message for a closed channel",
            scene.kind(Side::Us)
        ));
    }
    scene.ask(closer, "channel", json!({"label": "again"}))?;
    for side in [Side::Us, Side::Them] {
        scene.wait(side, "open", "again", SOON)?;
    }
    scene.ask(
        closer.other(),
        "send",
        json!({"label": "again", "text": "still here"}),
    )?;
    scene.wait(closer, "message", "again", SOON)?;
    Ok(String::new())
}

pub(super) fn our_connection(scene: &mut Scene<'_>) -> Outcome {
    connection(scene, Side::Us)
}

pub(super) fn their_connection(scene: &mut Scene<'_>) -> Outcome {
    connection(scene, Side::Them)
}

/// Closes the connection; the other side's channel has to end too.
fn connection(scene: &mut Scene<'_>, closer: Side) -> Outcome {
    scene.connect("data", json!({}))?;
    let pc = scene.pc.clone();
    let started = Instant::now();
    scene.ask(closer, "close", json!({}))?;
    let ended = |event: &Value| {
        event.at("ev") == "closed"
            || (event.at("kind") == "connection"
                && (event.at("state") == "closed" || event.at("state") == "failed"))
    };
    let event = scene
        .matched
        .wait((closer.other(), &pc), "end of the connection", ended, NOTICED)?;
    let how = event.at("state").as_str().unwrap_or("channel closed");
    Ok(format!("{how} after {} ms", started.elapsed().as_millis()))
}
