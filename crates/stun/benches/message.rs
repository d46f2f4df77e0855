//! What an ICE check costs: `cargo bench -p stun`.

#![allow(clippy::unwrap_used, reason = "a bench that cannot run has failed")]

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use stun::attributes::{IceControlling, Priority, UseCandidate, Username, XorMappedAddress};
use stun::{Class, IntegrityKey, MessageRef, MessageWriter, Method};

const ID: [u8; 12] = [7; 12];

fn check(out: &mut Vec<u8>, key: Option<&IntegrityKey>) {
    let mut writer = MessageWriter::new(out, Class::Request, Method::BINDING, ID.into());
    writer
        .attribute(&Username("8hhY:4ZcD"))
        .attribute(&IceControlling(0x932f_f9b1_5126_3b36))
        .attribute(&UseCandidate)
        .attribute(&Priority(0x6e00_01ff));
    if let Some(key) = key {
        writer.integrity(key);
    }
    writer.fingerprint().finish();
}

fn response(out: &mut Vec<u8>, key: &IntegrityKey) {
    MessageWriter::new(out, Class::SuccessResponse, Method::BINDING, ID.into())
        .attribute(&XorMappedAddress(([192, 0, 2, 1], 32853).into()))
        .integrity(key)
        .fingerprint()
        .finish();
}

/// What an ICE agent reads of a check.
fn read(datagram: &[u8]) -> Option<(usize, u32, u64, bool)> {
    let message = MessageRef::decode(datagram)
        .ok()
        .filter(MessageRef::check_fingerprint)?;
    if message.unknown_comprehension_required().next().is_some() {
        return None;
    }
    Some((
        message.username()?.len(),
        message.priority()?,
        message.ice_controlling()?,
        message.use_candidate(),
    ))
}

fn benches(c: &mut Criterion) {
    let key = IntegrityKey::short_term(&crypto::Provider::default(), "VOkJxbRl1RmTxUk/WvJxBt");
    let mut out = Vec::with_capacity(256);
    check(&mut out, Some(&key));
    let datagram = out.clone();
    let mut group = c.benchmark_group("stun");
    group.bench_function("decode", |b| {
        b.iter(|| MessageRef::decode(black_box(&datagram)).is_ok())
    });
    group.bench_function("decode_and_read", |b| b.iter(|| read(black_box(&datagram))));
    group.bench_function("hmac", |b| {
        let message = MessageRef::decode(&datagram).unwrap();
        b.iter(|| black_box(&message).check_integrity(&key));
    });
    group.bench_function("build_check_without_integrity", |b| {
        b.iter(|| {
            out.clear();
            check(&mut out, None);
            out.len()
        });
    });
    group.bench_function("build_check", |b| {
        b.iter(|| {
            out.clear();
            check(&mut out, Some(&key));
            out.len()
        });
    });
    group.bench_function("answer_check", |b| {
        b.iter(|| {
            let read = read(black_box(&datagram));
            let intact =
                MessageRef::decode(&datagram).is_ok_and(|message| message.check_integrity(&key).is_ok());
            out.clear();
            response(&mut out, &key);
            (read, intact, out.len())
        });
    });
    group.finish();
}

criterion_group!(all, benches);
criterion_main!(all);
