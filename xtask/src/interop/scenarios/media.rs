//! Audio and video: the other side sends, we send everything back, and its own counters tell what arrived.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::super::json::Members;
use super::{Kind, Outcome, SETUP, Scene, Side, number};

/// How long pictures have to keep coming.
const WATCHED: Duration = Duration::from_secs(10);
/// The same for one codec more.
const GLANCED: Duration = Duration::from_millis(2500);
/// The same where packets are lost.
const LOSSY: Duration = Duration::from_secs(5);
/// How often the counters are looked at meanwhile; each time there have to be more pictures.
const INTERVAL: Duration = Duration::from_millis(1250);
/// Beyond these, of thousand packets one may be lost: the sockets' buffers are finite.
const SPARE: i64 = 2;
/// Counters of ours that nothing may add to.
const FAULTS: &[&str] = &["rejected", "unsignalled", "overflowed", "sendErrors"];

pub(super) fn vp8_and_opus(scene: &mut Scene<'_>) -> Outcome {
    call(scene, "VP8", "opus")
}

pub(super) fn vp9_and_pcmu(scene: &mut Scene<'_>) -> Outcome {
    call(scene, "VP9", "PCMU")
}

pub(super) fn av1_and_g722(scene: &mut Scene<'_>) -> Outcome {
    call(scene, "AV1", "G722")
}

pub(super) fn h264_and_pcma(scene: &mut Scene<'_>) -> Outcome {
    call(scene, "H264", "PCMA")
}

/// Everything that is sent comes back, with nothing lost.
fn call(scene: &mut Scene<'_>, video: &str, audio: &str) -> Outcome {
    scene.create()?;
    connect(scene, &[video], &[audio])?;
    let time = if video == "VP8" { WATCHED } else { GLANCED };
    let note = watch(scene, time)?;
    let last = media(scene, Side::Them)?;
    for (kind, codec) in [("video", video), ("audio", audio)] {
        let stream = inbound(&last, kind)?;
        lossless(stream)?;
        uses(stream, codec)?;
    }
    heard(inbound(&last, "audio")?)?;
    healthy(scene, FAULTS)?;
    Ok(note)
}

/// One of twenty datagrams of media is lost in each direction: retransmission has to repair it, and pictures go on.
pub(super) fn loss(scene: &mut Scene<'_>) -> Outcome {
    scene.ask(Side::Us, "new", json!({"loss": 20}))?;
    scene.ask(Side::Them, "new", json!({}))?;
    connect(scene, &["VP8"], &["opus"])?;
    let before = media(scene, Side::Them)?;
    let note = watch(scene, LOSSY)?;
    let after = media(scene, Side::Them)?;
    let sent = |report: &Value| {
        let video = outbound(report, "video");
        number(video, "framesEncoded") + number(video, "framesSent")
    };
    let decoded = |report: &Value| inbound(report, "video").map_or(0, |video| number(video, "framesDecoded"));
    let sent = sent(&after) - sent(&before);
    let decoded = decoded(&after) - decoded(&before);
    let ours = media(scene, Side::Us)?;
    let tracks = ours.at("tracks").as_array().into_iter().flatten();
    let repaired: u64 = tracks.map(|track| number(track, "repaired")).sum();
    let theirs = number(inbound(&after, "video")?, "retransmittedPacketsReceived");
    let note = format!("{note}, {decoded} pictures of {sent}, {repaired} and {theirs} packets came again");
    // A picture that is under way at either end of the time is not missing.
    if decoded * 100 + 300 < sent * 90 || repaired == 0 {
        return Err(format!("{note}: {after}; we: {ours}"));
    }
    Ok(note)
}

/// What they send of one kind.
fn outbound<'v>(report: &'v Value, kind: &str) -> &'v Value {
    let mut streams = report.at("outbound").as_array().into_iter().flatten();
    streams
        .find(|stream| stream.at("kind") == kind)
        .unwrap_or(&Value::Null)
}

/// Connects with a camera and a microphone.
pub(super) fn connect(scene: &mut Scene<'_>, video: &[&str], audio: &[&str]) -> Result<(), String> {
    add_tracks(scene, video, audio)?;
    scene.negotiate("offer", scene.offerer, |_, sdp| sdp)?;
    connected(scene)
}

/// A camera and a microphone on their side, and what sends them back on ours, which chooses the codecs.
fn add_tracks(scene: &mut Scene<'_>, video: &[&str], audio: &[&str]) -> Result<(), String> {
    for side in [Side::Us, Side::Them] {
        for (label, kind, codecs) in [("camera", "video", video), ("voice", "audio", audio)] {
            let chooses = side == Side::Us;
            let codecs = if chooses { codecs } else { &[] };
            scene.ask(
                side,
                "track",
                json!({"label": label, "kind": kind, "codecs": codecs}),
            )?;
        }
    }
    Ok(())
}

/// Waits until both sides say that they are connected.
pub(super) fn connected(scene: &mut Scene<'_>) -> Result<(), String> {
    let pc = scene.pc.clone();
    let wanted = |event: &Value| event.at("kind") == "connection" && event.at("state") == "connected";
    for side in [Side::Us, Side::Them] {
        scene.matched.wait((side, &pc), "connection", wanted, SETUP)?;
    }
    Ok(())
}

pub(super) fn media(scene: &mut Scene<'_>, side: Side) -> Result<Value, String> {
    scene.ask(side, "media", json!({}))
}

/// What they receive of one kind.
pub(super) fn inbound<'v>(report: &'v Value, kind: &str) -> Result<&'v Value, String> {
    let mut streams = report.at("inbound").as_array().into_iter().flatten();
    streams
        .find(|stream| stream.at("kind") == kind)
        .ok_or_else(|| format!("no {kind} is received: {report}"))
}

/// Waits for the first pictures and sounds; then there have to be more all the time.
pub(super) fn watch(scene: &mut Scene<'_>, time: Duration) -> Outcome {
    let began = begin(scene)?;
    let started = Instant::now();
    let mut before = began.clone();
    while started.elapsed() < time {
        scene.matched.idle(INTERVAL)?;
        let report = media(scene, Side::Them)?;
        for (kind, counter) in [("video", "framesDecoded"), ("audio", "packetsReceived")] {
            let (old, new) = (inbound(&before, kind)?, inbound(&report, kind)?);
            if number(new, counter) <= number(old, counter) {
                let ours = media(scene, Side::Us)?;
                return Err(format!("no more {kind} after {old}: {new}; we: {ours}"));
            }
        }
        before = report;
    }
    let seconds = started.elapsed().as_secs_f64();
    let (video, audio) = (inbound(&before, "video")?, inbound(&before, "audio")?);
    let more = |kind, counter| -> Result<u64, String> {
        Ok(number(inbound(&before, kind)?, counter) - number(inbound(&began, kind)?, counter))
    };
    Ok(format!(
        "{:.0} pictures/s {}, {:.0} sounds/s, lost {}+{}",
        more("video", "framesDecoded")? as f64 / seconds,
        size(video),
        more("audio", "packetsReceived")? as f64 / seconds,
        video.at("packetsLost"),
        audio.at("packetsLost"),
    ))
}

fn size(video: &Value) -> String {
    match (video.at("frameWidth"), video.at("frameHeight")) {
        (Value::Null, _) | (_, Value::Null) => "of no size".to_owned(),
        (width, height) => format!("{width}×{height}"),
    }
}

/// Waits until both kinds have come.
fn begin(scene: &mut Scene<'_>) -> Result<Value, String> {
    let deadline = Instant::now() + SETUP;
    loop {
        let report = media(scene, Side::Them)?;
        let of = |kind, counter| inbound(&report, kind).map_or(0, |stream| number(stream, counter));
        if of("video", "framesDecoded") > 0 && of("audio", "packetsReceived") > 0 {
            return Ok(report);
        }
        if Instant::now() > deadline {
            let ours = media(scene, Side::Us)?;
            return Err(format!("nothing comes back: {report}; we: {ours}"));
        }
        scene.matched.idle(Duration::from_millis(200))?;
    }
}

/// What comes out of a browser's decoder must not be silence.
fn heard(audio: &Value) -> Result<(), String> {
    match audio.at("totalAudioEnergy").as_f64() {
        Some(energy) if energy <= 0.0 => Err(format!("nothing is heard: {audio}")),
        Some(_) | None => Ok(()),
    }
}

pub(super) fn lossless(stream: &Value) -> Result<(), String> {
    let received = stream.at("packetsReceived").as_i64().unwrap_or_default();
    let lost = stream.at("packetsLost").as_i64().unwrap_or_default();
    if lost <= SPARE + received / 1000 && number(stream, "corrupt") == 0 {
        Ok(())
    } else {
        Err(format!("packets are lost: {stream}"))
    }
}

fn uses(stream: &Value, codec: &str) -> Result<(), String> {
    let used = stream.at("codec").as_str().unwrap_or_default();
    let used = used.rsplit('/').next().unwrap_or_default();
    if used.eq_ignore_ascii_case(codec) {
        Ok(())
    } else {
        Err(format!("{used} instead of {codec}"))
    }
}

/// Our own counters have to be without a fault.
pub(super) fn healthy(scene: &mut Scene<'_>, faults: &[&str]) -> Result<(), String> {
    if scene.kind(Side::Us) != Kind::Ours {
        return Ok(());
    }
    let report = media(scene, Side::Us)?;
    let refused = report.at("tracks").as_array().into_iter().flatten();
    let refused: u64 = refused.map(|track| number(track, "refused")).sum();
    if refused == 0 && faults.iter().all(|fault| number(&report, fault) == 0) {
        Ok(())
    } else {
        Err(format!("we count faults: {report}"))
    }
}
