//! Dependencies go one way (ARCHITECTURE.md), and no dependency needs a newer Rust than we promise.

use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use crate::shell;

/// Which blocks a block may know, in its library. Front ends (examples, interop, xtask, fuzz) may know all.
const ALLOWED: &[(&str, &[&str])] = &[
    ("crypto", &[]),
    ("datagram", &[]),
    ("netsim", &[]),
    ("sdp", &[]),
    ("stun", &["crypto", "datagram"]),
    ("ice", &["crypto", "datagram", "stun"]),
    ("dtls", &["crypto", "datagram"]),
    ("sctp", &["crypto", "datagram"]),
    ("datachannel", &["datagram", "sctp"]),
    ("srtp", &["crypto", "datagram"]),
    ("rtp", &[]),
    ("rtcp", &[]),
    ("media", &["rtcp", "rtp"]),
    ("interceptor", &["rtcp", "rtp"]),
    (
        "webrtc",
        &[
            "crypto",
            "datachannel",
            "datagram",
            "dtls",
            "ice",
            "interceptor",
            "media",
            "rtcp",
            "rtp",
            "sctp",
            "sdp",
            "srtp",
            "stun",
        ],
    ),
];

pub(super) fn check() -> Result<Vec<String>, String> {
    let mut command = Command::new(shell::cargo());
    command.args(["metadata", "--format-version", "1", "--locked"]);
    let metadata: Value =
        serde_json::from_str(&shell::output(&mut command)?).map_err(|error| error.to_string())?;
    let packages = metadata
        .get("packages")
        .and_then(Value::as_array)
        .ok_or("cargo metadata without packages")?;
    let mut faults = unknown(packages);
    for (name, allowed) in ALLOWED {
        let package = packages
            .iter()
            .find(|it| it["name"] == *name && it["source"].is_null());
        let package = package.ok_or_else(|| format!("there is no crate {name}"))?;
        faults.extend(directions(package, name, allowed));
    }
    let promised = packages
        .iter()
        .find(|it| it["name"] == "webrtc")
        .and_then(|it| version(&it["rust_version"]));
    let promised = promised.ok_or("the workspace states no rust-version")?;
    for package in packages.iter().filter(|it| !it["source"].is_null()) {
        if version(&package["rust_version"]).is_some_and(|needed| needed > promised) {
            faults.push(format!(
                "{} {} needs Rust {}",
                package["name"], package["version"], package["rust_version"]
            ));
        }
    }
    Ok(faults)
}

/// Blocks that have no place in the table.
fn unknown(packages: &[Value]) -> Vec<String> {
    let manifest = |package: &Value| package["manifest_path"].as_str().map(PathBuf::from);
    let blocks = packages.iter().filter(|it| {
        let path = manifest(it).filter(|_| it["source"].is_null());
        path.is_some_and(|path| path.starts_with(shell::root().join("crates")))
    });
    let names = blocks.filter_map(|it| it["name"].as_str());
    let unknown = names.filter(|name| !ALLOWED.iter().any(|(known, _)| known == name));
    unknown
        .map(|name| format!("{name} has no place in xtask/src/tidy/dependencies.rs"))
        .collect()
}

fn directions(package: &Value, name: &str, allowed: &[&str]) -> Vec<String> {
    let dependencies = package["dependencies"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    let ours = dependencies
        .iter()
        .filter(|it| it["kind"].is_null() && !it["path"].is_null());
    let named = ours.filter_map(|it| it["name"].as_str());
    let wrong = named.filter(|dependency| !allowed.contains(dependency));
    wrong
        .map(|dependency| format!("{name} depends on {dependency}"))
        .collect()
}

/// `1.89.0` as numbers that compare.
fn version(value: &Value) -> Option<Vec<u32>> {
    let parts: Option<Vec<u32>> = value.as_str()?.split('.').map(|part| part.parse().ok()).collect();
    parts.map(|mut parts| {
        parts.resize(3, 0);
        parts
    })
}
