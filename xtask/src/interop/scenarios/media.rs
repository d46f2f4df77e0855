//! Audio and video: the other side sends, we send everything back, and its own counters tell what arrived.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::super::json::Members;
use super::{Kind, Outcome, SETUP, Scene, Side, number};

/// How long pictures have to keep coming.
const WATCHED: Duration = Duration::from_secs(10);
/// The same for another provider of cryptography.
const GLANCED: Duration = Duration::from_millis(2500);
/// The same where packets are lost.
const LOSSY: Duration = Duration::from_secs(5);
/// How often the counters are looked at meanwhile; each time there have to be more pictures.
const INTERVAL: Duration = Duration::from_millis(1250);
/// Beyond these, of thousand packets one may be lost: the sockets' buffers are finite.
const SPARE: i64 = 2;
/// The codecs that are tried side by side.
const OTHERS: [(&str, &str); 3] = [("VP9", "PCMU"), ("H264", "PCMA"), ("AV1", "G722")];
/// Counters of ours that nothing may add to.
const FAULTS: &[&str] = &["rejected", "unsignalled", "overflowed", "sendErrors"];

/// Everything that is sent comes back, with nothing lost.
pub(super) fn vp8_and_opus(scene: &mut Scene<'_>) -> Outcome {
    let time = if scene.kind(Side::Us) == Kind::Ours {
        WATCHED
    } else {
        GLANCED
    };
    let mut call = Call::begin(scene, "VP8", "opus", (640, 480))?;
    watched(scene, std::slice::from_mut(&mut call), time)
}

/// The same for the codecs that are left, each with a call of its own; the calls run side by side.
pub(super) fn other_codecs(scene: &mut Scene<'_>) -> Outcome {
    let known = scene.ask(Side::Them, "codecs", json!({"kind": "video"}))?;
    let known: Vec<_> = known.at("names").as_array().into_iter().flatten().collect();
    let mut calls = Vec::new();
    let mut missing = Vec::new();
    for (video, audio) in OTHERS {
        let has_it = known.iter().any(|name| **name == video);
        if !has_it {
            missing.push(format!("; RTCRtpSender.getCapabilities has no {video}"));
        }
        scene.begin_another();
        let video = if has_it { video } else { "VP8" };
        calls.push(Call::begin(scene, video, audio, (320, 240))?);
    }
    let note = watched(scene, &mut calls, WATCHED)?;
    Ok(format!("{note}{}", missing.concat()))
}

/// Looks at calls for a while; then all of it has to have come.
fn watched(scene: &mut Scene<'_>, calls: &mut [Call], time: Duration) -> Outcome {
    for call in &mut *calls {
        scene.pc.clone_from(&call.pc);
        call.watch = Some(Watch::begin(scene)?);
    }
    let started = Instant::now();
    while started.elapsed() < time {
        scene.matched.idle(INTERVAL)?;
        for call in &mut *calls {
            scene.pc.clone_from(&call.pc);
            if let Some(watch) = &mut call.watch {
                watch.look(scene)?;
            }
        }
    }
    let mut notes = Vec::new();
    for call in calls {
        scene.pc.clone_from(&call.pc);
        notes.push(call.verdict(scene)?);
    }
    Ok(notes.join("; "))
}

/// A connection with a camera and a microphone.
struct Call {
    pc: String,
    codecs: [(&'static str, &'static str); 2],
    watch: Option<Watch>,
}

impl Call {
    fn begin(
        scene: &mut Scene<'_>,
        video: &'static str,
        audio: &'static str,
        size: (u64, u64),
    ) -> Result<Self, String> {
        scene.create()?;
        add_tracks(scene, &[video], &[audio], size)?;
        scene.negotiate("offer", scene.offerer, |_, sdp| sdp)?;
        connected(scene)?;
        Ok(Self {
            pc: scene.pc.clone(),
            codecs: [("video", video), ("audio", audio)],
            watch: None,
        })
    }

    fn verdict(&self, scene: &mut Scene<'_>) -> Outcome {
        let last = media(scene, Side::Them)?;
        for (kind, codec) in self.codecs {
            let stream = inbound(&last, kind)?;
            lossless(stream)?;
            uses(stream, codec)?;
        }
        heard(inbound(&last, "audio")?)?;
        healthy(scene, FAULTS)?;
        let [(_, video), (_, audio)] = self.codecs;
        let watch = self.watch.as_ref().ok_or("nobody has looked")?;
        watch.complete()?;
        Ok(format!("{video} and {audio}: {}", watch.note()?))
    }
}

/// One of twenty datagrams of media is lost in each direction: retransmission has to repair it, and pictures go on.
pub(super) fn loss(scene: &mut Scene<'_>) -> Outcome {
    scene.ask(Side::Us, "new", json!({"loss": 20}))?;
    scene.ask(Side::Them, "new", json!({}))?;
    connect(scene, &["VP8"], &["opus"])?;
    let watch = watch(scene, LOSSY)?;
    let ours = media(scene, Side::Us)?;
    let tracks = ours.at("tracks").as_array().into_iter().flatten();
    let repaired: u64 = tracks.map(|track| number(track, "repaired")).sum();
    let theirs = number(inbound(&watch.before, "video")?, "retransmittedPacketsReceived");
    let doubles = number(&ours, "replayed");
    let note = format!(
        "{}, {repaired} and {theirs} packets came again, {doubles} of them twice",
        watch.note()?
    );
    if repaired == 0 {
        return Err(format!("nothing was repaired: {note}; we: {ours}"));
    }
    watch.complete()?;
    healthy(scene, FAULTS)?;
    Ok(note)
}

/// Offered encrypted header extensions (RFC 6904), which none of them knows, they take those in the clear.
pub(super) fn encrypted(scene: &mut Scene<'_>) -> Outcome {
    scene.ask(Side::Us, "new", json!({"encrypt": true}))?;
    scene.ask(Side::Them, "new", json!({}))?;
    connect(scene, &["VP8"], &["opus"])?;
    let watch = watch(scene, GLANCED)?;
    watch.complete()?;
    healthy(scene, FAULTS)?;
    watch.note()
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
    add_tracks(scene, video, audio, (640, 480))?;
    scene.negotiate("offer", scene.offerer, |_, sdp| sdp)?;
    connected(scene)
}

/// A camera and a microphone on their side, and what sends them back on ours, which chooses the codecs. Pion has no camera,
/// and has to know what to make.
fn add_tracks(
    scene: &mut Scene<'_>,
    video: &[&str],
    audio: &[&str],
    (width, height): (u64, u64),
) -> Result<(), String> {
    for side in [Side::Us, Side::Them] {
        let chooses = side == Side::Us || scene.kind(side) == Kind::Pion;
        for (label, kind, codecs) in [("camera", "video", video), ("voice", "audio", audio)] {
            let codecs = if chooses { codecs } else { &[] };
            let keys = json!({"label": label, "kind": kind, "codecs": codecs});
            scene.ask(side, "track", keys.with("width", width).with("height", height))?;
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
fn watch(scene: &mut Scene<'_>, time: Duration) -> Result<Watch, String> {
    let mut watch = Watch::begin(scene)?;
    while watch.started.elapsed() < time {
        scene.matched.idle(INTERVAL)?;
        watch.look(scene)?;
    }
    Ok(watch)
}

/// What they had received at the beginning, and at the last look.
struct Watch {
    started: Instant,
    began: Value,
    before: Value,
}

impl Watch {
    fn begin(scene: &mut Scene<'_>) -> Result<Self, String> {
        let began = begin(scene)?;
        Ok(Self {
            started: Instant::now(),
            before: began.clone(),
            began,
        })
    }

    /// There have to be more pictures and sounds than the last time.
    fn look(&mut self, scene: &mut Scene<'_>) -> Result<(), String> {
        let report = media(scene, Side::Them)?;
        for (kind, counter) in [("video", "framesDecoded"), ("audio", "packetsReceived")] {
            let (old, new) = (inbound(&self.before, kind)?, inbound(&report, kind)?);
            if number(new, counter) <= number(old, counter) {
                let ours = media(scene, Side::Us)?;
                return Err(format!("no more {kind} after {old}: {new}; we: {ours}"));
            }
        }
        self.before = report;
        Ok(())
    }

    /// Nine of ten pictures that they have sent meanwhile have come back and were decoded.
    fn complete(&self) -> Result<(), String> {
        let (decoded, sent) = self.pictures();
        // One that is under way at either end of the time is not missing.
        if decoded * 100 + 300 >= sent * 90 {
            Ok(())
        } else {
            Err(format!("{decoded} pictures of {sent}: {}", self.before))
        }
    }

    /// How many were decoded and sent.
    fn pictures(&self) -> (u64, u64) {
        let sent = |report: &Value| {
            let video = outbound(report, "video");
            number(video, "framesEncoded") + number(video, "framesSent")
        };
        let decoded =
            |report: &Value| inbound(report, "video").map_or(0, |video| number(video, "framesDecoded"));
        let more = |of: &dyn Fn(&Value) -> u64| of(&self.before).saturating_sub(of(&self.began));
        (more(&decoded), more(&sent))
    }

    fn note(&self) -> Outcome {
        let seconds = self.started.elapsed().as_secs_f64();
        let (video, audio) = (inbound(&self.before, "video")?, inbound(&self.before, "audio")?);
        let began = number(inbound(&self.began, "audio")?, "packetsReceived");
        let sounds = number(audio, "packetsReceived").saturating_sub(began);
        let (decoded, sent) = self.pictures();
        Ok(format!(
            "{decoded} pictures of {sent}{} in {seconds:.1} s, {:.0} sounds/s, lost {}+{}",
            size(video),
            sounds as f64 / seconds,
            video.at("packetsLost"),
            audio.at("packetsLost"),
        ))
    }
}

/// Who decodes nothing knows no size.
fn size(video: &Value) -> String {
    match (video.at("frameWidth"), video.at("frameHeight")) {
        (Value::Null, _) | (_, Value::Null) => String::new(),
        (width, height) => format!(" {width}×{height}"),
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
    if !scene.kind(Side::Us).is_ours() {
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
