//! A file that is played to a page: IVF (VP8, VP9, AV1) or Ogg with Opus.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use bytes::Bytes;
use media::{ivf, ogg};
use tokio::time::Instant;
use webrtc::{MediaKind, RtpCodec, Sample, TrackLocalStaticSample};

use crate::Failure;

/// No file is played faster: one whose times do not advance is not a film.
const SHORTEST_FRAME: Duration = Duration::from_millis(1);

/// A file that can be played.
#[derive(Clone, Debug)]
pub(crate) struct Film {
    path: PathBuf,
    codec: RtpCodec,
}

enum Reader {
    Pictures(ivf::Reader<BufReader<File>>),
    Sound(Box<ogg::OpusReader<BufReader<File>>>),
}

/// A frame, and when it is shown, from the beginning.
struct Frame {
    data: Bytes,
    time: Duration,
}

impl FromStr for Film {
    type Err = String;

    /// Opens the file of this name to see what is in it.
    fn from_str(path: &str) -> Result<Self, String> {
        let path = PathBuf::from(path);
        let reader = Reader::open(&path).map_err(|error| error.to_string())?;
        let codec = reader.codec().ok_or("neither VP8, VP9, AV1 nor Opus")?;
        Ok(Self { path, codec })
    }
}

impl Film {
    /// What it can be played as.
    pub(crate) fn kind(&self) -> Option<MediaKind> {
        self.codec.kind()
    }

    /// What people call it.
    pub(crate) fn name(&self) -> String {
        self.path.display().to_string()
    }

    /// A track for it, on which [`play`](Self::play) shows it.
    pub(crate) fn track(&self) -> Option<TrackLocalStaticSample> {
        // Every codec that a file is opened for has a payload format.
        TrackLocalStaticSample::new(self.codec.clone(), format!("film-{}", self.codec.name())).ok()
    }

    /// Plays it, over and over.
    pub(crate) async fn play(&self, track: &TrackLocalStaticSample) -> Result<(), Failure> {
        loop {
            let mut reader = Reader::open(&self.path)?;
            let started = Instant::now();
            let mut frame = reader.next_frame()?.ok_or("nothing is in it")?;
            while let Some(next) = reader.next_frame()? {
                let duration = next.time.saturating_sub(frame.time).max(SHORTEST_FRAME);
                tokio::time::sleep_until(started + frame.time).await;
                track.write_sample(&Sample {
                    data: frame.data,
                    duration,
                });
                frame = next;
            }
            tokio::time::sleep_until(started + frame.time + SHORTEST_FRAME).await;
        }
    }
}

impl Reader {
    fn open(path: &Path) -> Result<Self, Failure> {
        let file = BufReader::new(File::open(path)?);
        if path.extension().is_some_and(|extension| extension == "ivf") {
            Ok(Self::Pictures(ivf::Reader::new(file)?))
        } else {
            Ok(Self::Sound(Box::new(ogg::OpusReader::new(file)?)))
        }
    }

    fn codec(&self) -> Option<RtpCodec> {
        let name = match self {
            Self::Sound(_) => return Some(RtpCodec::audio("opus", 48_000, Some(2), "")),
            Self::Pictures(reader) => match &reader.header().codec.fourcc() {
                b"VP80" => "VP8",
                b"VP90" => "VP9",
                b"AV01" => "AV1",
                _ => return None,
            },
        };
        Some(RtpCodec::video(name, ""))
    }

    fn next_frame(&mut self) -> Result<Option<Frame>, media::Error> {
        match self {
            Self::Pictures(reader) => Ok(reader.next_frame()?.map(|frame| Frame {
                time: reader.header().time(frame.timestamp).unwrap_or_default(),
                data: frame.data,
            })),
            Self::Sound(reader) => Ok(reader.next_packet()?.map(|packet| Frame {
                time: Duration::from_micros(packet.position.saturating_mul(125) / 6),
                data: packet.data,
            })),
        }
    }
}
