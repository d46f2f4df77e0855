//! They send three layers of simulcast, of which we send back one, each in turn.

use std::time::{Duration, Instant};

use serde_json::json;

use super::super::json::Members;
use super::media::{connected, healthy, inbound, lossless, media};
use super::{Outcome, Scene, Side, number};

/// The layers, smallest first, and how wide their pictures are.
const LAYERS: [(&str, u64); 3] = [("q", 320), ("h", 640), ("f", 1280)];
/// How long a switch may take: a sender begins its large layers when it knows the bandwidth.
const SWITCH: Duration = Duration::from_secs(15);

pub(super) fn layers(scene: &mut Scene<'_>) -> Outcome {
    scene.create()?;
    let rids = LAYERS.map(|(rid, _)| rid);
    let camera = json!({"label": "camera", "kind": "video", "width": 1280, "height": 720});
    // Who offers names the layers. A browser that answers has them in the transceiver that the offer makes.
    for side in [Side::Us, Side::Them] {
        let offers = side == scene.offerer;
        let rids = if offers { json!(rids) } else { json!([]) };
        let keys = camera.clone().with("rids", rids).with("late", !offers);
        scene.ask(side, "track", keys)?;
    }
    scene.negotiate("offer", scene.offerer, |to, sdp| {
        if to == Side::Them { widen(&sdp) } else { sdp }
    })?;
    connected(scene)?;
    let mut notes = Vec::new();
    for (rid, width) in [LAYERS[0], LAYERS[1], LAYERS[2], LAYERS[0]] {
        let started = Instant::now();
        scene.ask(Side::Us, "layer", json!({"label": "camera", "rid": rid}))?;
        arrives(scene, rid, width)?;
        notes.push(format!("{rid} {width} in {} ms", started.elapsed().as_millis()));
    }
    let report = media(scene, Side::Them)?;
    let video = inbound(&report, "video")?;
    lossless(video)?;
    sound(scene)?;
    let (pictures, keys) = (number(video, "framesDecoded"), number(video, "keyFramesDecoded"));
    Ok(format!(
        "{}; {pictures} pictures, {keys} key, lost {}",
        notes.join(", "),
        video.at("packetsLost")
    ))
}

/// Tells Chromium to begin with 2 Mbit/s: on a busy machine its probes measure the scheduler, and a large layer waits.
fn widen(sdp: &str) -> String {
    let lines = sdp.lines().map(|line| {
        let payload_type = line
            .strip_prefix("a=rtpmap:")
            .and_then(|rest| rest.strip_suffix(" VP8/90000"));
        let more = payload_type.map(|number| format!("a=fmtp:{number} x-google-start-bitrate=2000\r\n"));
        format!("{line}\r\n{}", more.unwrap_or_default())
    });
    lines.collect()
}

/// Our counters but one: probes that repair a layer may come before the layer does, and belong nowhere.
fn sound(scene: &mut Scene<'_>) -> Result<(), String> {
    healthy(scene, &["rejected", "overflowed", "sendErrors"])
}

/// Waits until pictures of this width come, five of them one after the other.
fn arrives(scene: &mut Scene<'_>, rid: &str, width: u64) -> Result<(), String> {
    let deadline = Instant::now() + SWITCH;
    let mut first = None;
    loop {
        let report = media(scene, Side::Them)?;
        if let Ok(video) = inbound(&report, "video")
            && number(video, "frameWidth") == width
        {
            let decoded = number(video, "framesDecoded");
            if decoded >= *first.get_or_insert(decoded) + 5 {
                return Ok(());
            }
        }
        if Instant::now() > deadline {
            let ours = media(scene, Side::Us)?;
            return Err(format!("layer {rid} does not come: {report}; we: {ours}"));
        }
        scene.matched.idle(Duration::from_millis(100))?;
    }
}
