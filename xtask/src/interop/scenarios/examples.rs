//! The media examples, each opened in a browser as a person would, with ffmpeg and GStreamer where they end.

use serde_json::{Value, json};

use super::super::install;
use super::super::json::Members;
use super::super::program::{Ffmpeg, Folder, Program, played};
use super::tab::{Tab, lost};
use super::{Outcome, Scene, Side, number};

/// Pictures that have to pass: three seconds of them, from a camera with thirty a second.
const PICTURES: u64 = 90;
/// The same of packets of sound.
const SOUNDS: u64 = 150;
/// The codecs of `save-to-disk`, what its file is called, and which elements of GStreamer play it.
const RECORDED: [(&str, &str, &str); 4] = [
    ("VP8", "ivf", "ivfparse ! vp8dec"),
    ("VP9", "ivf", "ivfparse ! vp9dec"),
    ("AV1", "ivf", "ivfparse ! av1parse ! av1dec"),
    ("H264", "h264", "h264parse ! openh264dec"),
];
const SOUND_PLAYER: &str = "oggdemux ! opusparse ! opusdec";

pub(super) fn record_vp8(scene: &mut Scene<'_>) -> Outcome {
    record(scene, "VP8")
}

pub(super) fn record_vp9(scene: &mut Scene<'_>) -> Outcome {
    record(scene, "VP9")
}

pub(super) fn record_av1(scene: &mut Scene<'_>) -> Outcome {
    record(scene, "AV1")
}

pub(super) fn record_h264(scene: &mut Scene<'_>) -> Outcome {
    record(scene, "H264")
}

/// What a browser sends is recorded; GStreamer plays the files to their end, and the browser the sound.
fn record(scene: &mut Scene<'_>, codec: &str) -> Outcome {
    let folder = Folder::new(codec)?;
    let place = folder.path().display().to_string();
    let program = Program::start("save-to-disk", &["--folder", &place, "--codec", codec])?;
    let tab = Tab::open(scene, "save-to-disk", program.url())?;
    let sent = tab.until(scene, "pictures are sent", |sums| {
        number(sums, "video framesEncoded") >= PICTURES
    })?;
    tab.click(scene, "#stop")?;
    for _ in 0..2 {
        program.says("recorded ")?;
    }
    tab.shut(scene)?;
    let mut known = RECORDED.iter().filter(|(name, ..)| *name == codec);
    let (_, extension, elements) = known.next().ok_or("an unknown codec")?;
    let pictures = folder.file(&format!("recording-1.{extension}"));
    plays(
        scene,
        (&pictures, elements),
        &folder.file("recording-1.ogg"),
        &sent,
    )
}

/// All that was sent until then is played.
fn plays(scene: &mut Scene<'_>, pictures: (&str, &str), sound: &str, sent: &Value) -> Outcome {
    let (file, elements) = pictures;
    let pictures = played(file, elements)?;
    let sounds = played(sound, SOUND_PLAYER)?;
    let heard = scene.ask(Side::Them, "hear", json!({"path": sound}))?;
    let real = |key: &str| heard.at(key).as_f64().unwrap_or_default();
    let (seconds, peak) = (real("seconds"), real("peak"));
    let note = format!(
        "GStreamer plays {pictures} pictures and {sounds} sounds, the browser {seconds:.1} s of sound"
    );
    // The first ones leave before the connection is there, and a packet has 20 ms.
    let is_whole = |played: u64, key: &str| played * 100 + 500 >= number(sent, key) * 90;
    let is_heard = seconds * 50.0 >= sounds as f64 * 0.9 && peak > 0.01;
    if is_whole(pictures, "video framesEncoded") && is_whole(sounds, "audio packetsSent") && is_heard {
        Ok(note)
    } else {
        Err(format!("{note} of {sent}; {heard}"))
    }
}

/// Files that ffmpeg has made, as the README says, play in the browser.
pub(super) fn play(scene: &mut Scene<'_>) -> Outcome {
    let folder = Folder::new("play-from-disk")?;
    let (film, song) = (folder.file("film.ivf"), folder.file("song.ogg"));
    let mut made = 0;
    for command in commands("play-from-disk")? {
        let words: Vec<_> = command.split_whitespace().collect();
        let (name, arguments) = words.split_last().ok_or("an empty command")?;
        // Shorter than there.
        let arguments: Vec<_> = arguments
            .iter()
            .map(|word| if *word == "20" { "3" } else { *word })
            .collect();
        Ffmpeg::run(&[&arguments[..], &[folder.file(name).as_str()]].concat())?;
        made += 1;
    }
    let program = Program::start("play-from-disk", &["--video", &film, "--audio", &song])?;
    let tab = Tab::open(scene, "play-from-disk", program.url())?;
    program.says("played")?;
    let seen = tab.until(scene, "whole film comes", |sums| {
        number(sums, "video framesDecoded") >= 85 && number(sums, "audio packetsReceived") >= 145
    });
    let seen = seen?;
    tab.shut(scene)?;
    let note = format!(
        "{} pictures and {} sounds of {made} files",
        number(&seen, "video framesDecoded"),
        number(&seen, "audio packetsReceived")
    );
    if number(&seen, "width") == 640 && lost(&seen) == 0 {
        Ok(note)
    } else {
        Err(format!("other pictures than were played: {seen}"))
    }
}

/// The commands of ffmpeg in the README of an example, without its name.
fn commands(example: &str) -> Result<Vec<String>, String> {
    let commands = readme(example)?.replace("\\\n", " ");
    let commands = commands.lines().filter_map(|line| line.strip_prefix("ffmpeg "));
    Ok(commands.map(|line| line.replace('\'', "")).collect())
}

fn readme(example: &str) -> Result<String, String> {
    let path = install::root().join("examples").join(example).join("README.md");
    std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))
}

/// What a page sends comes back to it, all of it.
fn comes_back(scene: &mut Scene<'_>, tab: &Tab) -> Outcome {
    let seen = tab.until(scene, "pictures and sounds come back", |sums| {
        number(sums, "video framesDecoded") >= PICTURES
            && (number(sums, "audio packetsSent") == 0 || number(sums, "audio packetsReceived") >= SOUNDS)
    })?;
    let (decoded, encoded) = (
        number(&seen, "video framesDecoded"),
        number(&seen, "video framesEncoded"),
    );
    if lost(&seen) <= 2 && decoded * 100 + 1000 >= encoded * 90 {
        Ok(format!("{decoded} pictures of {encoded}"))
    } else {
        Err(format!("not all of it comes back: {seen}"))
    }
}

pub(super) fn reflect(scene: &mut Scene<'_>) -> Outcome {
    let program = Program::start("reflect", &[])?;
    let tab = Tab::open(scene, "reflect", program.url())?;
    let note = comes_back(scene, &tab)?;
    tab.shut(scene)?;
    Ok(note)
}

/// The program reads what the page has changed, and the page what the program has.
pub(super) fn transform(scene: &mut Scene<'_>) -> Outcome {
    let program = Program::start("insertable-streams", &[])?;
    let tab = Tab::open(scene, "insertable-streams", program.url())?;
    let note = comes_back(scene, &tab)?;
    let said = program.says("a key frame of ")?;
    tab.shut(scene)?;
    Ok(format!("{note}; {said}"))
}

/// The program tells what the browser's reports say.
pub(super) fn reports(scene: &mut Scene<'_>) -> Outcome {
    let program = Program::start("rtcp-processing", &[])?;
    let tab = Tab::open(scene, "rtcp-processing", program.url())?;
    let note = comes_back(scene, &tab)?;
    program.says(" SR in: ")?;
    let said = program.says(" RR in: ")?;
    tab.shut(scene)?;
    Ok(format!("{note}; {said}"))
}

/// The camera comes back, is recorded, and the recording is played to another page.
pub(super) fn playground(scene: &mut Scene<'_>) -> Outcome {
    let folder = Folder::new("playground")?;
    let place = folder.path().display().to_string();
    let program = Program::start("playground", &["--record", &place])?;
    let tab = Tab::open(scene, "playground", program.url())?;
    tab.press(scene, "#media-camera")?;
    let reflected = comes_back(scene, &tab)?;
    let sent = tab.sums(scene)?;
    let shown = tab.evaluate(scene, "document.querySelector('#media-meters').innerText")?;
    let shown = shown.as_str().unwrap_or_default();
    if !shown.contains("← video") || !shown.contains("← audio") {
        return Err(format!("the page does not show what comes back: {shown:?}"));
    }
    tab.press(scene, "#media-stop")?;
    // The files end when the other side has agreed to stop; then the page may send again.
    tab.pressable(scene, "#media-camera")?;
    let (film, song) = (folder.file("pictures-1.ivf"), folder.file("sound-1.ogg"));
    tab.shut(scene)?;
    drop(program);
    let recorded = plays(scene, (&film, "ivfparse ! vp8dec"), &song, &sent)?;
    let program = Program::start("playground", &["--play", &film, "--play", &song])?;
    let tab = Tab::open(scene, "playground", program.url())?;
    tab.press(scene, "#media-watch")?;
    let seen = tab.until(scene, "recording comes", |sums| {
        number(sums, "video framesDecoded") >= 30 && number(sums, "audio packetsReceived") >= 50
    })?;
    tab.shut(scene)?;
    let (width, pictures) = (number(&seen, "width"), number(&seen, "video framesDecoded"));
    Ok(format!(
        "{reflected}; {recorded}; {pictures} pictures, {width} wide, come from the recording"
    ))
}

/// ffmpeg reads the description that the README of `rtp-forwarder` has.
pub(super) fn forward(scene: &mut Scene<'_>) -> Outcome {
    let folder = Folder::new("rtp-forwarder")?;
    let readme = readme("rtp-forwarder")?;
    let description = readme.split("```").find(|block| block.starts_with("\nv=0"));
    let description = description.ok_or("no description in the README")?.trim_start();
    let path = folder.file("rtp-forwarder.sdp");
    std::fs::write(&path, description).map_err(|error| error.to_string())?;
    let program = Program::start("rtp-forwarder", &[])?;
    let input = ["-protocol_whitelist", "file,udp,rtp", "-i", &path];
    let output = ["-t", "3", "-map", "0", "-f", "framecrc", "-"];
    let mut player = Ffmpeg::start(&[&input[..], &output].concat())?;
    player.listens(&[4000, 4002])?;
    let tab = Tab::open(scene, "rtp-forwarder", program.url())?;
    let frames = player.finish()?;
    let sums = tab.sums(scene)?;
    tab.shut(scene)?;
    let of = |stream: &str| frames.lines().filter(|line| line.starts_with(stream)).count();
    let (sounds, pictures) = (of("0, "), of("1, "));
    let note = format!("ffmpeg decodes {pictures} pictures and {sounds} sounds");
    // Three seconds: 150 sounds of 20 ms, and 60 pictures, unless the camera had fewer.
    let wanted = (number(&sums, "video framesEncoded") * 9 / 10)
        .min(57)
        .saturating_sub(5);
    if sounds >= 145 && pictures as u64 >= wanted {
        Ok(note)
    } else {
        Err(format!("{note} of {sums}"))
    }
}

/// ffmpeg sends a test picture, as the README says.
pub(super) fn feed(scene: &mut Scene<'_>) -> Outcome {
    let program = Program::start("rtp-to-webrtc", &[])?;
    let commands = commands("rtp-to-webrtc")?;
    let command = commands.first().ok_or("no command in the README")?;
    let _source = Ffmpeg::start(&command.split_whitespace().collect::<Vec<_>>())?;
    let tab = Tab::open(scene, "rtp-to-webrtc", program.url())?;
    let seen = tab.until(scene, "pictures come", |sums| {
        number(sums, "video framesDecoded") >= PICTURES / 2
    })?;
    tab.shut(scene)?;
    if number(&seen, "width") == 640 && lost(&seen) <= 2 {
        Ok(format!("{} pictures", number(&seen, "video framesDecoded")))
    } else {
        Err(format!("other pictures than were sent: {seen}"))
    }
}

/// One page publishes, two watch.
pub(super) fn broadcast(scene: &mut Scene<'_>) -> Outcome {
    let program = Program::start("broadcast", &[])?;
    let publisher = Tab::open(scene, "publisher", program.url())?;
    publisher.click(scene, "[data-role=publish]")?;
    publisher.until(scene, "pictures are sent", |sums| {
        number(sums, "video framesEncoded") >= 10
    })?;
    let mut notes = Vec::new();
    let mut watchers = Vec::new();
    for label in ["first", "second"] {
        let watcher = Tab::open(scene, label, program.url())?;
        watcher.click(scene, "[data-role=watch]")?;
        watchers.push(watcher);
    }
    for watcher in &watchers {
        let seen = watcher.until(scene, "pictures and sounds come", |sums| {
            number(sums, "video framesDecoded") >= PICTURES && number(sums, "audio packetsReceived") >= 100
        })?;
        notes.push(format!("{} pictures", number(&seen, "video framesDecoded")));
    }
    for tab in [publisher].into_iter().chain(watchers) {
        tab.shut(scene)?;
    }
    Ok(notes.join(" and "))
}

/// Three tracks of different shapes come back as one, in turn; browsers make them smaller where they think the network slow.
pub(super) fn swap(scene: &mut Scene<'_>) -> Outcome {
    let program = Program::start("swap-tracks", &["--every", "1500"])?;
    let tab = Tab::open(scene, "swap-tracks", program.url())?;
    let mut pictures = Vec::new();
    for (name, shape) in [
        ("4:3", 4.0 / 3.0),
        ("16:9", 16.0 / 9.0),
        ("1:1", 1.0),
        ("4:3", 4.0 / 3.0),
    ] {
        let seen = tab.until(scene, "picture of the next track comes", |sums| {
            let (width, height) = (number(sums, "width") as f64, number(sums, "height") as f64);
            (width / height / shape - 1.0).abs() < 0.05
        })?;
        pictures.push(format!("{name} after {}", number(&seen, "video framesDecoded")));
    }
    tab.shut(scene)?;
    Ok(format!("pictures {}", pictures.join(", ")))
}

/// The page chooses each layer.
pub(super) fn layers(scene: &mut Scene<'_>) -> Outcome {
    let program = Program::start("simulcast", &[])?;
    let tab = Tab::open(scene, "simulcast", program.url())?;
    tab.until(scene, "pictures come", |sums| {
        number(sums, "video framesDecoded") >= 5
    })?;
    for (rid, width) in [("q", 320), ("h", 640), ("q", 320)] {
        tab.click(scene, &format!("[value={rid}]"))?;
        tab.until(scene, "layer comes", |sums| number(sums, "width") == width)?;
    }
    tab.shut(scene)?;
    Ok(String::new())
}
