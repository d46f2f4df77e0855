//! ICE restart while messages flow.

use std::time::Duration;

use serde_json::json;

use super::super::json::Members;
use super::messages::{burst_both, expect_both, finish_both, verified_both};
use super::{Outcome, Scene, Side, text};

/// A pause after each ten messages stretches a burst to more than a second.
const GAP: u64 = 15;

pub(super) fn ours(scene: &mut Scene<'_>) -> Outcome {
    restart(scene, Side::Us)
}

pub(super) fn theirs(scene: &mut Scene<'_>) -> Outcome {
    restart(scene, Side::Them)
}

fn restart(scene: &mut Scene<'_>, from: Side) -> Outcome {
    scene.connect("data", json!({}))?;
    let before = fragments(scene)?;
    expect_both(scene, "data", true, false)?;
    let bursts = burst_both(scene, "data", GAP)?;
    scene.matched.idle(Duration::from_millis(200))?;
    scene.negotiate("restart", from, |_, sdp| sdp)?;
    finish_both(scene, bursts)?;
    verified_both(scene, "data")?;
    for (side, (old, new)) in [Side::Us, Side::Them]
        .into_iter()
        .zip(before.into_iter().zip(fragments(scene)?))
    {
        if old == new {
            return Err(format!("{} kept its credentials", scene.kind(side)));
        }
        settled(scene, side)?;
    }
    Ok(String::new())
}

/// Both sides' local username fragments.
fn fragments(scene: &mut Scene<'_>) -> Result<[String; 2], String> {
    let ours = scene.ask(Side::Us, "stats", json!({}))?;
    let theirs = scene.ask(Side::Them, "stats", json!({}))?;
    Ok([text(&ours, "localUfrag")?, text(&theirs, "localUfrag")?])
}

/// Waits until the new checks have come to an end.
fn settled(scene: &mut Scene<'_>, side: Side) -> Result<(), String> {
    for _ in 0..100 {
        let stats = scene.ask(side, "stats", json!({}))?;
        if stats.at("iceState") == "connected" || stats.at("iceState") == "completed" {
            return Ok(());
        }
        scene.matched.idle(Duration::from_millis(100))?;
    }
    Err(format!("{} is not connected after the restart", scene.kind(side)))
}
