//! The steps that cargo runs, the ones that fail fastest first.

/// A step: its name, cargo's arguments, and what is set in its environment.
pub(super) struct Step {
    pub(super) name: &'static str,
    pub(super) arguments: &'static [&'static str],
    pub(super) environment: &'static [(&'static str, &'static str)],
}

const fn step(name: &'static str, arguments: &'static [&'static str]) -> Step {
    Step {
        name,
        arguments,
        environment: &[],
    }
}

#[rustfmt::skip] // A command is easier to read, and to copy, in lines.
pub(super) const STEPS: &[Step] = &[
    step("format", &["fmt", "--all", "--check"]),
    step("clippy", &[
        "clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings",
    ]),
    step("clippy, pure Rust", &[
        "clippy", "-p", "webrtc", "--no-default-features", "--features", "tokio,rust-crypto", "--locked",
        "--", "-D", "warnings",
    ]),
    step("clippy, cores alone", &[
        "clippy", "-p", "webrtc", "--no-default-features", "--features", "rust-crypto", "--locked",
        "--", "-D", "warnings",
    ]),
    Step {
        name: "documentation",
        arguments: &["doc", "--workspace", "--no-deps", "--locked"],
        environment: &[("RUSTDOCFLAGS", "-D warnings")],
    },
    step("cargo test --workspace", &["test", "--workspace", "--no-fail-fast", "--locked"]),
    // With optimisation it runs a thousand transfers instead of 42.
    step("tests, simulated network", &[
        "test", "--release", "-p", "webrtc", "--test", "simulated", "--locked",
    ]),
    step("tests, pure Rust", &[
        "test", "-p", "crypto", "-p", "stun", "-p", "ice", "-p", "dtls", "-p", "webrtc", "--no-default-features",
        "--features", "crypto/rust-crypto,stun/tokio,stun/rust-crypto,ice/tokio,ice/rust-crypto",
        "--features", "dtls/tokio,dtls/rust-crypto,webrtc/tokio,webrtc/rust-crypto",
        "--lib", "--tests", "--no-fail-fast", "--locked",
    ]),
];
