//! Channels of every kind and a thousand messages each way.

use std::time::Duration;

use serde_json::{Value, json};

use super::super::json::Members;
use super::{Outcome, SOON, Scene, Side, number, text};

const COUNT: u64 = 1000;
const BURST: Duration = Duration::from_secs(60);
/// A limited channel has lost its last messages when nothing more arrives for this long: longer than a sender waits before it
/// sends again (RTO.Initial and RTO.Min are 1 s).
const QUIET: Duration = Duration::from_secs(3);

/// The seed of what a side sends.
const fn seed(side: Side) -> u32 {
    match side {
        Side::Us => 0x5EED_0001,
        Side::Them => 0x5EED_0002,
    }
}

/// A first few messages, empty ones among them, and what the connection tells of itself.
pub(super) fn open(scene: &mut Scene<'_>) -> Outcome {
    scene.connect("chat", json!({"protocol": "greeting"}))?;
    announced(scene, "chat", &json!({"ordered": true, "protocol": "greeting"}))?;
    for from in [Side::Us, Side::Them] {
        for body in [
            json!({"text": "grüße, 世界 🌍"}),
            json!({"text": ""}),
            json!({"hex": "00ff10"}),
            json!({"hex": ""}),
        ] {
            scene.ask(from, "send", body.clone().with("label", "chat"))?;
            let message = scene.wait(from.other(), "message", "chat", SOON)?;
            for key in ["text", "hex"] {
                if message.at(key) != body.at(key) {
                    return Err(format!("{body} arrived as {message}"));
                }
            }
        }
    }
    let stats = scene.ask(Side::Us, "stats", json!({}))?;
    let peer = scene.ask(Side::Them, "stats", json!({}))?;
    let known = |key: &str| {
        [&stats, &peer]
            .iter()
            .find_map(|reply| text(reply, key).ok())
            .unwrap_or_default()
    };
    Ok(format!("DTLS {} {}", known("dtlsVersion"), known("dtlsCipher")))
}

/// Whether the answerer was told the truth about the channel.
fn announced(scene: &mut Scene<'_>, label: &str, init: &Value) -> Result<(), String> {
    let event = scene.wait(scene.offerer.other(), "channel", label, SOON)?;
    for (key, default) in [
        ("ordered", json!(true)),
        ("maxRetransmits", json!(null)),
        ("maxPacketLifeTime", json!(null)),
    ] {
        let wanted = init.get(key).unwrap_or(&default);
        if event.at(key) != wanted {
            return Err(format!(
                "{key} was announced as {} instead of {wanted}",
                event.at(key)
            ));
        }
    }
    let protocol = init.get("protocol").and_then(Value::as_str).unwrap_or_default();
    if event.at("protocol").as_str().unwrap_or_default() == protocol {
        Ok(())
    } else {
        Err(format!(
            "the protocol was announced as {} instead of {protocol}",
            event.at("protocol")
        ))
    }
}

pub(super) fn ordered(scene: &mut Scene<'_>) -> Outcome {
    exchange(scene, &json!({"ordered": true}))
}

pub(super) fn unordered(scene: &mut Scene<'_>) -> Outcome {
    exchange(scene, &json!({"ordered": false}))
}

pub(super) fn ordered_retransmits(scene: &mut Scene<'_>) -> Outcome {
    exchange(scene, &json!({"ordered": true, "maxRetransmits": 3}))
}

pub(super) fn unordered_retransmits(scene: &mut Scene<'_>) -> Outcome {
    exchange(scene, &json!({"ordered": false, "maxRetransmits": 0}))
}

pub(super) fn ordered_lifetime(scene: &mut Scene<'_>) -> Outcome {
    exchange(scene, &json!({"ordered": true, "maxPacketLifeTime": 2000}))
}

pub(super) fn unordered_lifetime(scene: &mut Scene<'_>) -> Outcome {
    exchange(scene, &json!({"ordered": false, "maxPacketLifeTime": 2000}))
}

/// A thousand messages each way at the same time.
fn exchange(scene: &mut Scene<'_>, init: &Value) -> Outcome {
    scene.connect("data", init.clone())?;
    announced(scene, "data", init)?;
    let lossy = init.get("maxRetransmits").is_some() || init.get("maxPacketLifeTime").is_some();
    // Without retransmission a burst loses what the receiver's socket cannot hold.
    let least = match init.get("maxRetransmits").and_then(Value::as_u64) {
        Some(0) => COUNT / 10,
        _ if lossy => COUNT / 2,
        _ => COUNT,
    };
    expect_both(scene, "data", init.at("ordered") != false, lossy)?;
    let bursts = burst_both(scene, "data", 0)?;
    let sent: u64 = finish_both(scene, bursts)?;
    let mut notes = vec![format!("{:.1} MB", sent as f64 / 1e6)];
    for side in [Side::Us, Side::Them] {
        let verdict = if lossy {
            settled(scene, side)?
        } else {
            scene.wait(side, "verified", "data", BURST)?
        };
        judge(scene, side, &verdict, least)?;
        if number(&verdict, "received") < COUNT {
            notes.push(format!("{} got {}", scene.kind(side), verdict.at("received")));
        }
    }
    Ok(notes.join(", "))
}

/// Tells both sides what will arrive.
pub(super) fn expect_both(
    scene: &mut Scene<'_>,
    label: &str,
    ordered: bool,
    lossy: bool,
) -> Result<(), String> {
    for side in [Side::Us, Side::Them] {
        let seed = seed(side.other());
        let keys = json!({
            "label": label, "seed": seed, "count": COUNT, "max": scene.max, "ordered": ordered, "lossy": lossy,
        });
        scene.ask(side, "expect", keys)?;
    }
    Ok(())
}

/// Starts a burst on both sides.
pub(super) fn burst_both(scene: &mut Scene<'_>, label: &str, gap: u64) -> Result<[u64; 2], String> {
    let keys =
        |side| json!({"label": label, "seed": seed(side), "count": COUNT, "max": scene.max, "gapMs": gap});
    let (ours, theirs) = (keys(Side::Us), keys(Side::Them));
    Ok([
        scene.begin(Side::Us, "burst", ours)?,
        scene.begin(Side::Them, "burst", theirs)?,
    ])
}

/// Waits until both bursts have left, and says how many bytes they were.
pub(super) fn finish_both(scene: &mut Scene<'_>, [ours, theirs]: [u64; 2]) -> Result<u64, String> {
    let ours = scene.matched.finish(Side::Us, ours, BURST)?;
    let theirs = scene.matched.finish(Side::Them, theirs, BURST)?;
    Ok(number(&ours, "bytes") + number(&theirs, "bytes"))
}

/// Waits for all of a reliable channel's messages on both sides and checks them.
pub(super) fn verified_both(scene: &mut Scene<'_>, label: &str) -> Result<(), String> {
    for side in [Side::Us, Side::Them] {
        let verdict = scene.wait(side, "verified", label, BURST)?;
        judge(scene, side, &verdict, COUNT)?;
    }
    Ok(())
}

/// The verdict of a limited channel, once nothing more arrives.
fn settled(scene: &mut Scene<'_>, side: Side) -> Result<Value, String> {
    let mut verdict = scene.ask(side, "verdict", json!({"label": "data"}))?;
    loop {
        if number(&verdict, "received") == COUNT {
            return Ok(verdict);
        }
        scene.matched.idle(QUIET)?;
        let later = scene.ask(side, "verdict", json!({"label": "data"}))?;
        if later.at("received") == verdict.at("received") {
            return Ok(later);
        }
        verdict = later;
    }
}

fn judge(scene: &Scene<'_>, side: Side, verdict: &Value, least: u64) -> Result<(), String> {
    let received = number(verdict, "received");
    let intact = number(verdict, "corrupt") == 0 && number(verdict, "disorder") == 0;
    if intact && (least..=COUNT).contains(&received) {
        Ok(())
    } else {
        Err(format!("{} received {verdict}", scene.kind(side)))
    }
}

/// A channel that both sides made by themselves: no announcement, open at once.
pub(super) fn negotiated(scene: &mut Scene<'_>) -> Outcome {
    scene.create()?;
    for side in [Side::Us, Side::Them] {
        scene.ask(side, "channel", json!({"label": "agreed", "negotiated": 7}))?;
    }
    scene.negotiate("offer", scene.offerer, |_, sdp| sdp)?;
    scene.opened("agreed")?;
    expect_both(scene, "agreed", true, false)?;
    let bursts = burst_both(scene, "agreed", 0)?;
    finish_both(scene, bursts)?;
    verified_both(scene, "agreed")?;
    let pc = scene.pc.clone();
    for side in [Side::Us, Side::Them] {
        if scene.matched.seen(side, &pc, |event| event.at("ev") == "channel") {
            return Err(format!(
                "{} announced a channel that was agreed on",
                scene.kind(side)
            ));
        }
    }
    Ok(String::new())
}
