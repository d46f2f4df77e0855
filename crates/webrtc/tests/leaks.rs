//! A thousand connections opened and closed leave nothing behind: no task, no socket, no growing memory.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::wildcard_enum_match_arm,
    clippy::cast_possible_truncation,
    unreachable_pub,
    reason = "a test program: clippy excuses its tests, not their helpers"
)]

mod peers;

use peers::{Pair, api, within};
use tokio::runtime::Handle;
use webrtc::DataChannelInit;

/// Connections of each half of the test.
const HALF: usize = 250;

/// What may be left over, in bytes: allocator slack, not connections, each of which takes tens of kilobytes.
const SLACK: usize = 4 << 20;

async fn open_and_close() {
    let mut pair = Pair::new(&api());
    let (ours, theirs) = pair.channel("chat", DataChannelInit::default()).await;
    ours.send("hello").await.unwrap();
    assert_eq!(within(theirs.recv()).await.unwrap().data, "hello");
    pair.offerer.pc.close();
    assert!(within(theirs.recv()).await.is_none());
}

/// Sockets of this process; `None` where the system has no list of them.
fn sockets() -> Option<usize> {
    let files = std::fs::read_dir("/proc/self/fd").ok()?;
    let links = files.filter_map(|file| std::fs::read_link(file.ok()?.path()).ok());
    Some(
        links
            .filter(|link| link.to_string_lossy().starts_with("socket:"))
            .count(),
    )
}

/// Resident memory in bytes; `None` where the system does not tell.
fn resident() -> Option<usize> {
    let pages = std::fs::read_to_string("/proc/self/statm").ok()?;
    Some(pages.split(' ').nth(1)?.parse::<usize>().ok()? * 4096)
}

async fn settled() {
    let alive = || Handle::current().metrics().num_alive_tasks();
    within(async {
        while alive() > 0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_thousand_connections_leave_nothing_behind() {
    for _ in 0..HALF {
        open_and_close().await; // a pair is two connections
    }
    settled().await;
    let (memory, open) = (resident(), sockets());
    for _ in 0..HALF {
        open_and_close().await;
    }
    settled().await;
    assert_eq!(sockets(), open, "sockets");
    if let (Some(before), Some(after)) = (memory, resident()) {
        assert!(after < before + SLACK, "{before} bytes grew to {after}");
    }
}

#[tokio::test]
async fn connections_that_never_connect_leave_nothing_behind() {
    for _ in 0..100 {
        let pair = Pair::new(&api());
        let _chat = pair
            .offerer
            .pc
            .create_data_channel("chat", DataChannelInit::default())
            .unwrap();
        pair.offerer.pc.set_local_description(None).unwrap();
    }
    settled().await;
}
