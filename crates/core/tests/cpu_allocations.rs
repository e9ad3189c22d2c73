//! A step of `CpuBackend` allocates nothing, on no thread.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod support;

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

use support::{RandomModel, Spec};
use wick_core::backend::{Backend, KvDType, StepPlan};
use wick_kernels::BlockType;

struct Counting;

static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);

// SAFETY: forwards to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::SeqCst);
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static GLOBAL: Counting = Counting;

#[test]
fn a_step_allocates_nothing() {
    let kv_dtypes = [KvDType::F16, KvDType::F32, KvDType::Q8];
    for (block_type, kv_dtype) in BlockType::ALL.into_iter().zip(kv_dtypes.into_iter().cycle()) {
        let spec = Spec { layers: 3, block_size: 16, kv_dtype, ..Spec::random(block_type, 40) };
        let mut model = RandomModel::new(&spec, 3, 8).unwrap();
        let blocks: Vec<u32> = (0..8).collect();
        let mut plan = StepPlan::new(16);
        // Grows the plan's vectors to what the steps below need.
        plan.push_sequence(&[1; 40], 0, &blocks, true);
        model.step(&plan).unwrap();

        let before = ALLOCATIONS.load(Ordering::SeqCst);
        let control = Box::new(0_u8);
        assert_eq!(ALLOCATIONS.load(Ordering::SeqCst), before + 1, "the counter counts");
        drop(control);

        // The workers' own start-up in std allocates and may come late on a busy machine; a step that allocates does so in every round.
        let quiet = (0..5).any(|_| {
            let before = ALLOCATIONS.load(Ordering::SeqCst);
            for position in 40..120_u32 {
                plan.clear();
                plan.push_sequence(&[position % 40], position, &blocks, true);
                let logits = model.step(&plan).unwrap();
                assert!(logits[0].is_finite());
                model.backend.reserve_kv_blocks(8).unwrap();
            }
            // Prefill too.
            plan.clear();
            plan.push_sequence(&[2; 40], 0, &blocks, true);
            model.step(&plan).unwrap();
            ALLOCATIONS.load(Ordering::SeqCst) == before
        });
        assert!(quiet, "{block_type:?} {kv_dtype:?}");
    }
}
