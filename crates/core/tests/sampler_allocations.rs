//! Drawing allocates nothing once its memory has grown.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use wick_core::sampler::{DryOptions, History, Sampler, SamplingOptions, SamplingParams, Scratch};

struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: every call goes to the system's allocator unchanged; the counter is a plain number of this thread and
// needs neither allocation nor destructor.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.with(|count| count.set(count.get() + 1));
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: `pointer` came from `alloc` above, so from the system's allocator, with this layout.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn drawing_allocates_nothing() {
    let off = SamplingOptions::default();
    let dry = Some(DryOptions { multiplier: 0.8, ..DryOptions::default() });
    let settings = [
        ("greedy", SamplingOptions { temperature: Some(0.0), ..off.clone() }),
        ("temperature", off.clone()),
        ("top-k and top-p", SamplingOptions { top_k: Some(20), top_p: Some(0.95), ..off.clone() }),
        ("top-p", SamplingOptions { top_p: Some(0.9), ..off.clone() }),
        ("min-p", SamplingOptions { min_p: Some(0.1), ..off.clone() }),
        (
            "penalties",
            SamplingOptions { repetition_penalty: Some(1.1), frequency_penalty: Some(0.1), dry, ..off.clone() },
        ),
        ("logprobs", SamplingOptions { logprobs: true, ..off }),
    ];
    let width = 2_000;
    let tokens: Vec<u32> = (0..500).map(|i| i * i % 97).collect();
    let row: Vec<f32> = (0..width).map(|i| ((i * 7919) % 1_000) as f32 / 70.0).collect();
    let mut logits = row.clone();
    for (name, options) in settings {
        let sampler = Sampler::new(SamplingParams::new(&options, width).unwrap(), 1, 0);
        let mut scratch = Scratch::default();
        let mut allocated = 0;
        for length in 300..400 {
            logits.copy_from_slice(&row);
            let history = History { tokens: &tokens[..length], prompt_length: 100, ..History::default() };
            let before = ALLOCATIONS.with(Cell::get);
            sampler.sample(&mut scratch, &mut logits, &history).unwrap();
            if length > 300 {
                allocated += ALLOCATIONS.with(Cell::get) - before;
            }
        }
        assert_eq!(allocated, 0, "{name}");
    }
}
