//! What a page sends, into a file: pictures as IVF, sound as Ogg.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};

use media::{Sample, SampleBuilder, SampleConfig, ivf, ogg};
use webrtc::{RtpCodec, RtpTransceiver};

use crate::Failure;

/// Recordings in one folder, at most.
const MAX_FILES: u32 = 100_000;

/// A track on its way into a file.
#[derive(Debug)]
pub(crate) struct Recording {
    path: PathBuf,
    payload_type: u8,
    builder: SampleBuilder,
    writer: Writer,
}

#[derive(Debug)]
enum Writer {
    Pictures(ivf::Writer<BufWriter<File>>),
    Sound(ogg::OpusWriter<BufWriter<File>>),
}

impl Recording {
    /// Begins a file for the codec of a payload type.
    pub(crate) fn new(
        folder: &Path,
        transceiver: &RtpTransceiver,
        payload_type: u8,
    ) -> Result<Self, Failure> {
        let section = transceiver.negotiated().ok_or("nothing was agreed upon")?;
        let mut codecs = section.receive.into_iter();
        let codec = codecs
            .find(|codec| codec.payload_type == payload_type)
            .ok_or("an unknown payload type")?
            .codec;
        let (writer, path) = Writer::create(folder, &codec)?;
        let depacketizer = rtp::payload::depacketizer(codec.name()).ok_or("an unknown payload format")?;
        Ok(Self {
            path,
            payload_type,
            builder: SampleBuilder::new(depacketizer, SampleConfig::new(codec.clock_rate)),
            writer,
        })
    }

    /// Where it goes.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Takes a packet. True when pictures were lost, so that the next ones are only good after a key frame.
    pub(crate) fn push(&mut self, packet: rtp::Packet) -> Result<bool, Failure> {
        if packet.header.payload_type != self.payload_type {
            return Ok(false);
        }
        self.builder.push(packet);
        let mut has_lost = false;
        while let Some(sample) = self.builder.pop() {
            has_lost |= sample.lost_packets > 0;
            self.writer.write(&sample)?;
        }
        Ok(has_lost)
    }

    /// Writes what waits, and ends the file.
    pub(crate) fn finish(mut self) -> Result<(), Failure> {
        while let Some(sample) = self.builder.flush() {
            self.writer.write(&sample)?;
        }
        match self.writer {
            Writer::Pictures(writer) => drop(writer.finish()?),
            Writer::Sound(writer) => drop(writer.finish()?),
        }
        Ok(())
    }
}

impl Writer {
    fn create(folder: &Path, codec: &RtpCodec) -> Result<(Self, PathBuf), Failure> {
        let pictures = match codec.name().to_ascii_lowercase().as_str() {
            "opus" => {
                let (file, path) = create(folder, "sound", "ogg")?;
                let head = ogg::OpusHead::new(2);
                return Ok((Self::Sound(ogg::OpusWriter::new(file, &head)?), path));
            }
            "vp8" => ivf::Codec::Vp8,
            "vp9" => ivf::Codec::Vp9,
            "av1" => ivf::Codec::Av1,
            other => return Err(format!("{other} is not recorded").into()),
        };
        let (file, path) = create(folder, "pictures", "ivf")?;
        Ok((
            Self::Pictures(ivf::Writer::new(file, ivf::Header::new(pictures))?),
            path,
        ))
    }

    fn write(&mut self, sample: &Sample) -> Result<(), Failure> {
        match self {
            Self::Pictures(writer) => writer.write_frame(sample.position, &sample.data)?,
            Self::Sound(writer) => {
                // A packet that is not Opus is not written, and the recording goes on.
                if media::ogg::opus_samples(&sample.data).is_some() {
                    writer.write_rtp(sample.timestamp, &sample.data)?;
                }
            }
        }
        Ok(())
    }
}

/// The first file that there is not yet.
fn create(folder: &Path, name: &str, extension: &str) -> Result<(BufWriter<File>, PathBuf), Failure> {
    for number in 1..MAX_FILES {
        let path = folder.join(format!("{name}-{number}.{extension}"));
        match OpenOptions::new().write(true).create_new(true).open(&path) {
            Ok(file) => return Ok((BufWriter::new(file), path)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(format!("{}: {error}", path.display()).into()),
        }
    }
    Err(format!("{} is full", folder.display()).into())
}
