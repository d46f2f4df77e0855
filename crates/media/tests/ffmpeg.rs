//! Files of ffmpeg are read, and ours are decoded by it to the same pictures and sounds. Ignored by default; where ffmpeg,
//! ffprobe and opusinfo are installed (Debian: `ffmpeg`, `opus-tools`), run with `cargo test -p media -- --ignored`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test program: clippy excuses its tests, not their helpers"
)]

use media::ogg::{OpusHead, OpusMultiWriter, OpusReader, OpusStream, OpusWriter};
use media::{SampleBuilder, SampleConfig, h26x, ivf, wav};
use rtp::payload::{Payloads, depacketizer, packetizer};
use rtp::{Header, Packet};
use std::fs::{File, read, write};
use std::io::{BufReader, BufWriter};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A folder that goes with the test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("media-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if std::env::var_os("KEEP").is_none() {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }
}

fn run(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().expect("installed");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && errors.trim().is_empty(),
        "{program} {arguments:?}: {errors}"
    );
    String::from_utf8(output.stdout).unwrap()
}

/// Lets ffmpeg make a file: two seconds of its test picture, or of a tone.
fn make(path: &Path, source: &str, arguments: &[&str]) {
    let mut all = vec![
        "-v", "error", "-y", "-f", "lavfi", "-i", source, "-t", "2", "-strict", "-2",
    ];
    all.extend(arguments);
    all.push(path.to_str().unwrap());
    let output = Command::new("ffmpeg")
        .args(&all)
        .env("SVT_LOG", "1")
        .output()
        .expect("installed");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

const PICTURE: &str = "testsrc=size=320x240:rate=25";
const TONE: &str = "sine=frequency=440:sample_rate=48000";

/// What ffmpeg decodes: a checksum per picture, or of a whole sound. It complains about nothing.
fn decoded(path: &Path) -> Vec<String> {
    let text = run(
        "ffmpeg",
        &["-v", "error", "-i", path.to_str().unwrap(), "-f", "framemd5", "-"],
    );
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| line.rsplit(',').next().unwrap().trim().to_owned())
        .collect()
}

fn probed(path: &Path, entry: &str) -> String {
    let arguments = [
        "-v",
        "warning",
        "-show_entries",
        entry,
        "-of",
        "csv=p=0",
        path.to_str().unwrap(),
    ];
    run("ffprobe", &arguments).trim().to_owned()
}

/// Frames through packets and back.
fn over_rtp(codec: &str, frames: &[Vec<u8>]) -> Vec<media::Sample> {
    let mut packetizer = packetizer(codec).unwrap();
    let mut builder = SampleBuilder::new(depacketizer(codec).unwrap(), SampleConfig::new(90_000));
    let (mut payloads, mut header) = (Payloads::new(), Header::default());
    let mut samples = Vec::new();
    for frame in frames {
        packetizer.packetize(frame, 1200, &mut payloads);
        for (place, payload) in payloads.iter().enumerate() {
            header.marker = place + 1 == payloads.len();
            builder.push(Packet {
                header: header.clone(),
                payload: payload.to_vec().into(),
                padding_len: 0,
            });
            header.sequence_number = header.sequence_number.wrapping_add(1);
        }
        header.timestamp = header.timestamp.wrapping_add(3600);
        samples.extend(std::iter::from_fn(|| builder.pop()));
    }
    samples.extend(std::iter::from_fn(|| builder.flush()));
    assert_eq!(samples.len(), frames.len());
    samples
}

fn check_ivf(name: &str, encoder: &[&str], codec: ivf::Codec) {
    let folder = Folder::new(name);
    let (theirs, ours) = (folder.file("theirs.ivf"), folder.file("ours.ivf"));
    make(&theirs, PICTURE, encoder);
    let mut reader = ivf::Reader::new(BufReader::new(File::open(&theirs).unwrap())).unwrap();
    let header = *reader.header();
    assert_eq!((header.codec, header.width, header.height), (codec, 320, 240));
    let mut frames = Vec::new();
    while let Some(frame) = reader.next_frame().unwrap() {
        frames.push(frame.data.to_vec());
    }
    assert_eq!(frames.len(), 50);

    let mut writer = ivf::Writer::new(
        BufWriter::new(File::create(&ours).unwrap()),
        ivf::Header::new(codec),
    )
    .unwrap();
    for sample in over_rtp(name, &frames) {
        writer.write_frame(sample.position, &sample.data).unwrap();
    }
    writer.finish().unwrap();
    assert_eq!(
        decoded(&ours),
        decoded(&theirs),
        "the same pictures, after a way over RTP"
    );
    assert_eq!(decoded(&ours).len(), 50);
    assert_eq!(
        probed(&ours, "stream=codec_name,width,height,duration_ts"),
        probed_as(name)
    );
}

/// What ffprobe says of our file: times count in 90 kHz, and the last frame has no duration in IVF.
fn probed_as(name: &str) -> String {
    format!("{},320,240,180000", name.to_ascii_lowercase())
}

#[test]
#[ignore = "needs ffmpeg and ffprobe"]
fn vp8_in_ivf() {
    check_ivf(
        "VP8",
        &["-c:v", "libvpx", "-deadline", "realtime"],
        ivf::Codec::Vp8,
    );
}

#[test]
#[ignore = "needs ffmpeg and ffprobe"]
fn vp9_in_ivf() {
    check_ivf(
        "VP9",
        &["-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8"],
        ivf::Codec::Vp9,
    );
}

#[test]
#[ignore = "needs ffmpeg and ffprobe"]
fn av1_in_ivf() {
    check_ivf("AV1", &["-c:v", "libsvtav1", "-preset", "12"], ivf::Codec::Av1);
}

fn check_byte_stream(name: &str, encoder: &[&str], codec: h26x::Codec) {
    let folder = Folder::new(name);
    let (theirs, ours) = (folder.file("theirs.264"), folder.file("ours.264"));
    make(&theirs, PICTURE, encoder);
    let mut reader = h26x::AccessUnitReader::new(File::open(&theirs).unwrap(), codec);
    let mut frames = Vec::new();
    let mut keys = 0;
    while let Some(frame) = reader.next_frame().unwrap() {
        keys += usize::from(frame.is_key_frame);
        frames.push(frame.data.to_vec());
    }
    assert_eq!((frames.len(), keys), (50, 5));

    let mut writer = h26x::Writer::new(BufWriter::new(File::create(&ours).unwrap()), codec);
    for sample in over_rtp(name, &frames) {
        assert!(writer.write_frame(&sample.data).unwrap());
    }
    drop(writer.into_inner());
    assert_eq!(
        decoded(&ours),
        decoded(&theirs),
        "the same pictures, after a way over RTP"
    );
    assert_eq!(decoded(&ours).len(), 50);
}

#[test]
#[ignore = "needs ffmpeg and ffprobe"]
fn h264_byte_stream() {
    let encoder = [
        "-c:v",
        "libx264",
        "-profile:v",
        "baseline",
        "-pix_fmt",
        "yuv420p",
        "-g",
        "10",
        "-x264-params",
        "slices=3:aud=1",
        "-f",
        "h264",
    ];
    check_byte_stream("H264", &encoder, h26x::Codec::H264);
}

#[test]
#[ignore = "needs ffmpeg and ffprobe"]
fn h265_byte_stream() {
    let encoder = [
        "-c:v",
        "libx265",
        "-preset",
        "ultrafast",
        "-pix_fmt",
        "yuv420p",
        "-g",
        "10",
        "-x265-params",
        "log-level=0:bframes=0:scenecut=0:keyint=10",
        "-f",
        "hevc",
    ];
    check_byte_stream("H265", &encoder, h26x::Codec::H265);
}

#[test]
#[ignore = "needs ffmpeg and opusinfo"]
fn opus_in_ogg() {
    let folder = Folder::new("opus");
    let (theirs, ours, lossy) = (
        folder.file("theirs.ogg"),
        folder.file("ours.ogg"),
        folder.file("lossy.ogg"),
    );
    make(&theirs, TONE, &["-c:a", "libopus", "-ac", "2"]);
    let mut reader = OpusReader::new(File::open(&theirs).unwrap()).unwrap();
    let head = reader.streams()[0].head.clone();
    assert_eq!((head.channels, head.pre_skip), (2, 312));
    assert!(
        reader.streams()[0]
            .tags
            .get("encoder")
            .unwrap()
            .contains("libopus")
    );
    let mut packets = Vec::new();
    while let Some(packet) = reader.next_packet().unwrap() {
        packets.push(packet);
    }
    let end = packets.last().unwrap();
    assert_eq!(
        end.position + u64::from(end.samples - end.trimmed),
        96_000 + 312,
        "two seconds and what is skipped"
    );

    let mut whole = OpusWriter::new(File::create(&ours).unwrap(), &head).unwrap();
    let mut holes = OpusWriter::new(File::create(&lossy).unwrap(), &OpusHead::new(2)).unwrap();
    for (count, packet) in packets.iter().enumerate() {
        whole.write_packet(&packet.data).unwrap();
        if count % 10 != 5 {
            holes
                .write_rtp(u32::try_from(packet.position).unwrap(), &packet.data)
                .unwrap();
        }
    }
    whole.finish_trimmed(end.trimmed).unwrap();
    holes.finish().unwrap();
    for file in [&ours, &lossy] {
        let told = run("opusinfo", &[file.to_str().unwrap()]);
        assert!(
            !told.to_lowercase().contains("warning") && !told.to_lowercase().contains("error"),
            "{told}"
        );
        assert!(decoded(file).len() >= packets.len());
        assert_eq!(
            probed(file, "stream=codec_name,sample_rate,channels"),
            "opus,48000,2"
        );
    }
    assert_eq!(decoded(&ours), decoded(&theirs));
}

#[test]
#[ignore = "needs ffmpeg and opusinfo"]
fn several_voices_in_ogg() {
    let folder = Folder::new("voices");
    let (theirs, ours) = (folder.file("theirs.ogg"), folder.file("ours.ogg"));
    make(&theirs, TONE, &["-c:a", "libopus"]);
    let mut reader = OpusReader::new(File::open(&theirs).unwrap()).unwrap();
    let stream = reader.streams()[0].clone();
    let streams = [1, 2].map(|serial| OpusStream {
        serial,
        ..stream.clone()
    });
    let mut writer = OpusMultiWriter::new(File::create(&ours).unwrap(), &streams).unwrap();
    while let Some(packet) = reader.next_packet().unwrap() {
        writer.write_packet(0, &packet.data).unwrap();
        writer.write_packet(1, &packet.data).unwrap();
    }
    writer.finish().unwrap();
    let told = run("opusinfo", &[ours.to_str().unwrap()]);
    assert!(!told.to_lowercase().contains("warning"), "{told}");
    assert_eq!(probed(&ours, "stream=codec_name,channels"), "opus,1\nopus,1");
}

#[test]
#[ignore = "needs ffmpeg and ffprobe"]
fn sound_in_wav() {
    let folder = Folder::new("wav");
    for (codec, encoding) in [
        ("pcm_u8", wav::Encoding::Pcm8),
        ("pcm_s16le", wav::Encoding::Pcm16),
        ("pcm_s24le", wav::Encoding::Pcm24),
        ("pcm_s32le", wav::Encoding::Pcm32),
        ("pcm_f32le", wav::Encoding::Float32),
        ("pcm_alaw", wav::Encoding::ALaw),
        ("pcm_mulaw", wav::Encoding::MuLaw),
    ] {
        for channels in ["1", "3"] {
            let (theirs, ours) = (folder.file("theirs.wav"), folder.file("ours.wav"));
            make(&theirs, TONE, &["-c:a", codec, "-ar", "8000", "-ac", channels]);
            let mut reader = wav::Reader::new(BufReader::new(File::open(&theirs).unwrap())).unwrap();
            let format = *reader.format();
            assert_eq!(
                (
                    format.encoding,
                    format.channels.to_string().as_str(),
                    format.sample_rate
                ),
                (encoding, channels, 8000)
            );
            assert_eq!(reader.remaining_frames(), Some(16_000), "{codec}");
            let mut writer = wav::Writer::new(BufWriter::new(File::create(&ours).unwrap()), format).unwrap();
            let mut bytes = Vec::new();
            while reader.read_frames(160, &mut bytes).unwrap() > 0 {
                writer.write_frames(&bytes).unwrap();
                bytes.clear();
            }
            writer.finish().unwrap();
            assert_eq!(decoded(&ours), decoded(&theirs), "{codec}");
            assert_eq!(
                probed(&ours, "stream=codec_name,sample_rate,channels"),
                format!("{codec},8000,{channels}")
            );
        }
    }
}

#[test]
#[ignore = "needs ffmpeg and ffprobe"]
fn a_recording_that_was_cut_off_plays() {
    let folder = Folder::new("cut");
    let (theirs, ours) = (folder.file("theirs.ogg"), folder.file("ours.ogg"));
    make(&theirs, TONE, &["-c:a", "libopus"]);
    let mut reader = OpusReader::new(File::open(&theirs).unwrap()).unwrap();
    let mut writer = OpusWriter::new(Vec::new(), &reader.streams()[0].head).unwrap();
    while let Some(packet) = reader.next_packet().unwrap() {
        writer.write_packet(&packet.data).unwrap();
    }
    let whole = writer.finish().unwrap();
    write(&ours, &whole[..whole.len() * 3 / 4]).unwrap();
    let output = Command::new("ffmpeg")
        .args(["-v", "quiet", "-i", ours.to_str().unwrap(), "-f", "framemd5", "-"])
        .output()
        .unwrap();
    let lines = String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .filter(|line| !line.starts_with('#'))
        .count();
    assert!(lines >= 49, "the first second, {lines} packets");
    assert!(read(&ours).unwrap().len() < whole.len());
}
