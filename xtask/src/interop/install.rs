//! Brings what the partners need: Debian's browsers, the npm package that drives them, and the two builds.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::partner::Kind;

/// The workspace's root.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .map_or_else(PathBuf::new, Path::to_path_buf)
}

fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// Where the Pion program is built to.
pub(crate) fn pion() -> PathBuf {
    target().join("interop").join("pion")
}

/// The programs whose pages browsers open.
const EXAMPLES: &[&str] = &[
    "playground",
    "save-to-disk",
    "play-from-disk",
    "rtp-forwarder",
    "rtp-to-webrtc",
    "broadcast",
    "swap-tracks",
    "simulcast",
    "reflect",
    "insertable-streams",
    "rtcp-processing",
];
/// What plays what comes out of them, and a file of the package that is there with it.
const PLAYERS: &[(&str, &str)] = &[("ffmpeg", "ffmpeg"), ("gst-launch-1.0", "gstreamer1.0-tools")];
/// The elements of GStreamer that the rows use are in these.
const PLUGINS: &[&str] = &[
    "gstreamer1.0-plugins-base",
    "gstreamer1.0-plugins-good",
    "gstreamer1.0-plugins-bad",
];

/// Where a program of `examples/` is built to.
pub(super) fn example(name: &str) -> PathBuf {
    target().join("release").join(name)
}

/// Builds the examples in release mode, and brings what plays their media, where there is a browser to open them.
pub(super) fn examples(kinds: &[Kind]) -> Result<(), String> {
    if !kinds
        .iter()
        .any(|kind| matches!(kind, Kind::Chromium | Kind::Firefox))
    {
        return Ok(());
    }
    let mut packages: Vec<_> = PLAYERS
        .iter()
        .filter_map(|(program, package)| missing(&[program], package))
        .collect();
    if !has_elements() {
        packages.extend(PLUGINS);
    }
    if !packages.is_empty() {
        install(&packages)?;
    }
    let mut build = Command::new("cargo");
    build.args(["build", "--quiet", "--release"]);
    build.args(EXAMPLES.iter().flat_map(|name| ["--package", name]));
    run(build.current_dir(root()))
}

fn has_elements() -> bool {
    let elements = ["opusparse", "vp9dec", "av1dec", "openh264dec"];
    elements.iter().all(|element| {
        let mut inspect = Command::new("gst-inspect-1.0");
        let inspect = inspect.args(["--exists", element]).stdin(Stdio::null());
        inspect.status().is_ok_and(|status| status.success())
    })
}

/// Where our peer is built to.
pub(super) fn ours() -> PathBuf {
    target().join("release").join("interop-peer")
}

/// Installs and builds what the partners named need.
pub(super) fn everything<'k>(kinds: impl Iterator<Item = &'k Kind>) -> Result<(), String> {
    let mut packages = Vec::new();
    let mut browsers = false;
    for kind in kinds {
        match kind {
            Kind::Ours | Kind::RustCrypto => drop(build_ours()?),
            Kind::Pion => drop(build_pion()?),
            Kind::Chromium => {
                browsers = true;
                packages.extend(missing(&["chromium", "chromium-headless-shell"], "chromium"));
            }
            Kind::Firefox => {
                browsers = true;
                packages.extend(missing(&["firefox-esr", "firefox"], "firefox-esr"));
            }
        }
    }
    if !packages.is_empty() || !installed("ip") {
        packages.extend(missing(&["ip"], "iproute2"));
        install(&packages)?;
    }
    if browsers { npm() } else { Ok(()) }
}

fn missing(programs: &[&str], package: &'static str) -> Option<&'static str> {
    (!programs.iter().any(|program| installed(program))).then_some(package)
}

fn installed(program: &str) -> bool {
    std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|folder| folder.join(program).is_file()))
}

fn install(packages: &[&str]) -> Result<(), String> {
    run(Command::new("apt-get").args(["update", "-qq"]))?;
    let flags = ["install", "-y", "-qq", "--no-install-recommends"];
    run(Command::new("apt-get")
        .env("DEBIAN_FRONTEND", "noninteractive")
        .args(flags)
        .args(packages))
}

fn npm() -> Result<(), String> {
    let folder = root().join("interop/browser");
    let lock = folder.join("package-lock.json");
    let done = folder.join("node_modules/.package-lock.json");
    let modified = |path: &Path| path.metadata().and_then(|meta| meta.modified()).ok();
    if modified(&done) >= modified(&lock) {
        return Ok(());
    }
    run(Command::new("npm")
        .args(["ci", "--no-audit", "--no-fund", "--loglevel=error"])
        .current_dir(folder))
}

/// Builds the Pion program and says where it is.
pub(crate) fn build_pion() -> Result<PathBuf, String> {
    let folder = root().join("interop/pion");
    run(Command::new("go")
        .arg("build")
        .arg("-o")
        .arg(pion())
        .arg(".")
        .current_dir(folder))?;
    Ok(pion())
}

/// Where our benchmarks are built to.
pub(crate) fn our_bench() -> PathBuf {
    target().join("release").join("interop-bench")
}

/// Builds our benchmarks in release mode.
pub(crate) fn build_bench() -> Result<(), String> {
    run(Command::new("cargo")
        .args(["build", "--quiet", "--release", "--package", "interop-bench"])
        .current_dir(root()))
}

/// Builds our peer in release mode and says where it is.
pub(super) fn build_ours() -> Result<PathBuf, String> {
    run(Command::new("cargo")
        .args(["build", "--quiet", "--release", "--package", "interop-peer"])
        .current_dir(root()))?;
    Ok(ours())
}

/// Runs a command to its end; its standard output is not ours to show.
fn run(command: &mut Command) -> Result<(), String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{name} ended with {status}")),
        Err(error) => Err(format!("{name} did not start: {error}")),
    }
}
