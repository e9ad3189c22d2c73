//! Who made the CPU, where that and no feature decides what is faster.

use std::arch::x86_64::__cpuid;
use std::sync::LazyLock;

static IS_AMD: LazyLock<bool> = LazyLock::new(|| {
    let id = __cpuid(0);
    // "AuthenticAMD", by the manuals of both makers.
    [id.ebx, id.edx, id.ecx].map(u32::to_le_bytes).as_flattened() == b"AuthenticAMD"
});

/// Whether the CPU reads a page to its end by itself once it was read from the start. AMD's do (measured on Zen 4), Intel's too little
/// (measured on one with AMX).
#[inline(always)]
pub(super) fn reads_pages_on() -> bool {
    *IS_AMD
}
