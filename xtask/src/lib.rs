//! The code blocks of README.md, which `cargo test` compiles as the documentation of this library. It has nothing else.

#[doc = include_str!("../../README.md")]
#[cfg(doctest)]
#[derive(Debug)]
pub struct Readme;
