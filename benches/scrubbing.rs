//! Scrubbing: what an answer pays for being looked through, by what it is made of. Goal: less than a twentieth of
//! what moving it costs, unless it is made of escapes.
//!
//! `cargo bench --bench scrubbing`
#![allow(clippy::unwrap_used, reason = "a bench that cannot be set up has nothing to measure")]

use std::hint::black_box;
use std::sync::Arc;

use aivault::broker::scrub::{Needles, Scrubber};
use bytes::Bytes;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

const KEY: &[u8] = b"sk-proj-t3St+K3y/Zq7Rw_9xV2mLd8Yc4Hb6NfJs1Pe5Ug0";
const SIZE: usize = 8 * 1024 * 1024;

fn needles() -> Needles {
    Needles::new([KEY], []).unwrap()
}

/// `text` again and again, in chunks of `chunk` bytes.
fn body(text: &[u8], chunk: usize) -> Vec<Bytes> {
    let whole: Vec<u8> = text.iter().copied().cycle().take(SIZE).collect();
    let whole = Bytes::from(whole);
    whole.chunks(chunk).map(|piece| whole.slice_ref(piece)).collect()
}

/// Bytes without a pattern (xorshift).
fn noise() -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    };
    (0..SIZE / 8).flat_map(|_| next()).collect()
}

fn bodies() -> [(&'static str, Vec<Bytes>); 7] {
    let event = br#"data: {"id":"chatcmpl-8Zk","choices":[{"index":0,"delta":{"content":" said\n\"so\""}}]}"#;
    let event = [&event[..], b"\n\n"].concat();
    let prose =
        br#"{"text":"It was the best of times, it was the worst of times,\nit was the age of wisdom, "#;
    let page =
        br#"<p class="x">Fish &amp; chips &lt;today&gt; at <a href="/a%20b?c=1&amp;d=2">the bar</a>.</p>"#;
    [
        ("events, one a chunk", body(&event, event.len())),
        ("prose", body(prose, 16 * 1024)),
        ("a page", body(page, 16 * 1024)),
        ("noise", body(&noise(), 16 * 1024)),
        ("base64", body(b"c2stcHJvai1hYmNERUYrLzEyMz09Zm9vYmFy", 16 * 1024)),
        ("nothing but escapes", body(br"\u4f60\u597d\uff0c\u4e16\u754c", 16 * 1024)),
        ("nothing but escaped letters", body(b"%73%6b%2d%70%72%6f%6A", 16 * 1024)),
    ]
}

fn pass(needles: &Arc<Needles>, chunks: &[Bytes]) -> usize {
    let mut scrubber = Scrubber::new(Arc::clone(needles));
    let passed: usize = chunks.iter().map(|chunk| scrubber.push(chunk.clone()).len()).sum();
    passed + scrubber.finish().len()
}

fn scrubbing(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("scrubbing");
    group.bench_function("make the needles of a key", |b| b.iter(|| black_box(needles())));
    group.sample_size(20).throughput(Throughput::Bytes(SIZE as u64));
    let needles = Arc::new(needles());
    for (name, chunks) in bodies() {
        group.bench_function(name, |b| b.iter(|| pass(&needles, black_box(&chunks))));
    }
    group.finish();
}

criterion_group!(benches, scrubbing);
criterion_main!(benches);
