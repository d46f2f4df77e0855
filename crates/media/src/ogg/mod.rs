//! Ogg (RFC 3533) and Opus in it (RFC 7845).
//!
//! [`OpusReader`], [`OpusWriter`] and [`OpusMultiWriter`] are for audio files; [`PacketReader`] takes packets of any codec out of a file, of all
//! its streams; [`Page`] and [`PageReader`] are the layer below. Seeking is left to whoever has an index.

mod checksum;
mod fields;
mod gap;
mod head;
mod opus_reader;
mod opus_writer;
mod packet;
mod page;
mod page_reader;
mod tags;
mod toc;
mod track;

pub use head::{ChannelMapping, OpusHead};
pub use opus_reader::{OpusPacket, OpusReader, OpusStream};
pub use opus_writer::{OpusMultiWriter, OpusWriter, Placed};
pub use packet::{Packet, PacketReader, PageEnd};
pub use page::{MAX_PAGE, Page};
pub use page_reader::{PageReader, PageStats};
pub use tags::OpusTags;
pub use toc::opus_samples;
