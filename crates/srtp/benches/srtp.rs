//! What protecting and unprotecting a packet of 1,200 bytes costs per profile, beside the bare cryptography under it:
//! `cargo bench -p srtp --all-features`.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a benchmark that cannot be set up has to stop"
)]

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{Bencher, Criterion, Throughput, criterion_group, criterion_main};
use crypto::{Aead, Ctr, Mac, Provider};
use srtp::{Config, Inbound, MasterKey, Outbound, Profile};

/// A full packet with its header.
const PACKET: usize = 1200;
const HEADER: usize = 12;
const SSRC: u32 = 2;

fn providers() -> Vec<Provider> {
    vec![
        #[cfg(feature = "aws-lc-rs")]
        Provider::aws_lc_rs(),
        #[cfg(feature = "rust-crypto")]
        Provider::rust_crypto(),
    ]
}

fn packet() -> Vec<u8> {
    let mut packet = vec![7; PACKET];
    packet[..HEADER].copy_from_slice(&[0x80, 96, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2]);
    packet
}

fn contexts(profile: Profile, provider: &Provider) -> (Outbound, Inbound) {
    let config = Config::new(profile, provider.clone());
    let key = MasterKey::new(&vec![1; profile.key_len()], &vec![2; profile.salt_len()]);
    (
        Outbound::new(&config, &key).unwrap(),
        Inbound::new(&config, &key).unwrap(),
    )
}

/// Measures CPU time of this thread, which other load does not blur; wall time where the system does not tell.
fn measure(bencher: &mut Bencher<'_>, mut work: impl FnMut()) {
    let on_cpu = || -> Option<u64> {
        let stat = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
        stat.split_whitespace().next()?.parse().ok()
    };
    bencher.iter_custom(|rounds| {
        let (start, before) = (Instant::now(), on_cpu());
        (0..rounds).for_each(|_| work());
        match before.zip(on_cpu()) {
            Some((before, after)) => Duration::from_nanos(after - before),
            None => start.elapsed(),
        }
    });
}

/// The provider's work alone, on the same bytes.
fn bare(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("bare");
    group.throughput(Throughput::Bytes(PACKET as u64));
    for provider in providers() {
        let name = provider.name();
        for aead in [Aead::Aes128Gcm, Aead::Aes256Gcm] {
            let key = provider.aead(aead, &vec![1; aead.key_len()]).unwrap();
            let (mut data, mut tag, mut nonce) = (packet(), [0; 16], [0_u8; 12]);
            group.bench_function(format!("{aead:?}/seal/{name}"), |bencher| {
                measure(bencher, || {
                    nonce[11] = nonce[11].wrapping_add(1);
                    let (header, body) = data.split_at_mut(HEADER);
                    key.seal(black_box(&nonce), header, black_box(body), &mut tag);
                });
            });
        }
        let mac = provider.mac(Mac::HmacSha1, &[1; 20]);
        let mut data = packet();
        for ctr in [Ctr::Aes128, Ctr::Aes256] {
            let key = provider.ctr(ctr, &vec![1; ctr.key_len()]).unwrap();
            group.bench_function(format!("{ctr:?} and HMAC/{name}"), |bencher| {
                measure(bencher, || {
                    key.apply(black_box(&[0; 16]), black_box(&mut data[HEADER..]));
                    black_box(mac.tag(black_box(&[&data, &[0; 4]])));
                });
            });
        }
        group.bench_function(format!("HMAC/{name}"), |bencher| {
            measure(bencher, || {
                black_box(mac.tag(black_box(&[&data, &[0; 4]])));
            });
        });
    }
    group.finish();
}

fn protect(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("protect");
    group.throughput(Throughput::Bytes(PACKET as u64));
    for provider in providers() {
        let name = provider.name();
        for profile in Profile::ALL {
            let (mut outbound, _) = contexts(profile, &provider);
            let (mut data, mut sequence_number) = (packet(), 0_u16);
            group.bench_function(format!("{profile:?}/in place/{name}"), |bencher| {
                measure(bencher, || {
                    data.truncate(PACKET);
                    data[0] = 0x80;
                    data[2..4].copy_from_slice(&sequence_number.to_be_bytes());
                    sequence_number = sequence_number.wrapping_add(1);
                    outbound.protect_rtp(black_box(&mut data), 0).unwrap();
                });
            });
            let (mut source, mut out) = (packet(), Vec::with_capacity(2 * PACKET));
            group.bench_function(format!("{profile:?}/out of place/{name}"), |bencher| {
                measure(bencher, || {
                    out.clear();
                    source[2..4].copy_from_slice(&sequence_number.to_be_bytes());
                    sequence_number = sequence_number.wrapping_add(1);
                    let (header, payload) = source.split_at(HEADER);
                    outbound
                        .protect_rtp_from(header, black_box(payload), &mut out)
                        .unwrap();
                });
            });
        }
    }
    group.finish();
}

/// The same packet again and again: a copy of it is made and the window emptied each time, about 30 ns of the figures.
fn unprotect(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("unprotect");
    group.throughput(Throughput::Bytes(PACKET as u64));
    for provider in providers() {
        for profile in Profile::ALL {
            let (mut outbound, mut inbound) = contexts(profile, &provider);
            let mut sealed = packet();
            outbound.protect_rtp(&mut sealed, 0).unwrap();
            let mut copy = sealed.clone();
            group.bench_function(format!("{profile:?}/{}", provider.name()), |bencher| {
                measure(bencher, || {
                    copy.copy_from_slice(&sealed);
                    inbound.set_roc(SSRC, 1).unwrap();
                    inbound.set_roc(SSRC, 0).unwrap();
                    black_box(inbound.unprotect_rtp(black_box(&mut copy)).unwrap());
                });
            });
        }
    }
    group.finish();
}

criterion_group!(benches, bare, protect, unprotect);
criterion_main!(benches);
