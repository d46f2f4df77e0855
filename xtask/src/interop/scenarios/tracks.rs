//! Tracks are added, swapped and removed while others go on.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::super::json::Members;
use super::media::{connect, media};
use super::{Kind, Outcome, SETUP, SOON, Scene, Side, number};

/// Two looks at the counters are so far apart.
const BETWEEN: Duration = Duration::from_millis(500);

pub(super) fn ours(scene: &mut Scene<'_>) -> Outcome {
    change(scene, Side::Us)
}

pub(super) fn theirs(scene: &mut Scene<'_>) -> Outcome {
    change(scene, Side::Them)
}

/// One side changes what it sends; the first camera goes on all the time.
fn change(scene: &mut Scene<'_>, who: Side) -> Outcome {
    scene.create()?;
    connect(scene, &[], &[])?;
    flowing(scene, 1)?;
    add(scene, who, "second")?;
    flowing(scene, 2)?;
    scene.ask(
        who,
        "swap",
        json!({"label": "second", "width": 320, "height": 240}),
    )?;
    // The next look has to be after the swap.
    scene.matched.idle(BETWEEN)?;
    flowing(scene, 2)?;
    if who == Side::Them && scene.kind(who) == Kind::Chromium {
        sized(scene, 320)?;
    }
    scene.ask(who, "untrack", json!({"label": "second"}))?;
    scene.negotiate("offer", who, |_, sdp| sdp)?;
    if who == Side::Them {
        let pc = scene.pc.clone();
        let ended = |event: &Value| event.at("ev") == "untrack";
        scene
            .matched
            .wait((Side::Us, &pc), "end of a track", ended, SOON)?;
    }
    flowing(scene, 1)?;
    add(scene, who, "third")?;
    flowing(scene, 2)?;
    Ok("added, swapped, removed, added".to_owned())
}

pub(super) fn they_stop(scene: &mut Scene<'_>) -> Outcome {
    stop(scene, Side::Them)
}

pub(super) fn we_stop(scene: &mut Scene<'_>) -> Outcome {
    stop(scene, Side::Us)
}

pub(super) fn they_begin_again(scene: &mut Scene<'_>) -> Outcome {
    stop(scene, Side::Them)?;
    begin_again(scene, Side::Them)
}

pub(super) fn we_begin_again(scene: &mut Scene<'_>) -> Outcome {
    stop(scene, Side::Us)?;
    begin_again(scene, Side::Us)
}

/// One side stops the first transceiver, whose section carries the transport of all; the others go on.
fn stop(scene: &mut Scene<'_>, who: Side) -> Outcome {
    scene.create()?;
    connect(scene, &[], &[])?;
    flowing(scene, 1)?;
    add(scene, who, "second")?;
    flowing(scene, 2)?;
    scene.ask(who, "stop", json!({"label": "camera"}))?;
    scene.negotiate("offer", who, |_, sdp| sdp)?;
    flowing(scene, 1)?;
    Ok("added, stopped".to_owned())
}

/// Another one takes the place of that section, and with it of the transport.
fn begin_again(scene: &mut Scene<'_>, who: Side) -> Outcome {
    add(scene, who, "third")?;
    flowing(scene, 2)?;
    Ok("added, stopped, added".to_owned())
}

/// Another camera, offered by `who`, and sent back.
fn add(scene: &mut Scene<'_>, who: Side, label: &str) -> Result<(), String> {
    for side in [Side::Us, Side::Them] {
        scene.ask(side, "track", json!({"label": label, "kind": "video"}))?;
    }
    scene.negotiate("offer", who, |_, sdp| sdp)
}

/// Waits until pictures come on so many streams, no more and no fewer.
fn flowing(scene: &mut Scene<'_>, count: usize) -> Result<(), String> {
    let deadline = Instant::now() + SETUP;
    loop {
        let before = pictures(&media(scene, Side::Them)?);
        scene.matched.idle(BETWEEN)?;
        let report = media(scene, Side::Them)?;
        let after = pictures(&report);
        let more = after.iter().filter(|(name, pictures)| {
            let known = before.iter().find(|(known, _)| known == name);
            known.is_some_and(|(_, known)| pictures > known)
        });
        if more.count() == count {
            return Ok(());
        }
        if Instant::now() > deadline {
            let ours = media(scene, Side::Us)?;
            return Err(format!(
                "pictures do not come on {count} streams: {report}; we: {ours}"
            ));
        }
    }
}

/// Each stream of pictures that they receive, by SSRC or else by its place, with how many have come.
fn pictures(report: &Value) -> Vec<(String, u64)> {
    let streams = report.at("inbound").as_array().into_iter().flatten();
    streams
        .enumerate()
        .filter(|(_, stream)| stream.at("kind") == "video")
        .map(|(index, stream)| {
            let name = stream
                .at("ssrc")
                .as_u64()
                .map_or(index.to_string(), |ssrc| ssrc.to_string());
            (name, number(stream, "framesDecoded"))
        })
        .collect()
}

/// Waits until a picture of this width has come.
fn sized(scene: &mut Scene<'_>, width: u64) -> Result<(), String> {
    let deadline = Instant::now() + SOON;
    loop {
        let report = media(scene, Side::Them)?;
        let mut streams = report.at("inbound").as_array().into_iter().flatten();
        if streams.any(|stream| number(stream, "frameWidth") == width) {
            return Ok(());
        }
        if Instant::now() > deadline {
            return Err(format!("no picture {width} wide: {report}"));
        }
        scene.matched.idle(BETWEEN)?;
    }
}
