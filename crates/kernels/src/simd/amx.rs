//! AMX: the products of 16 rows with 16 outputs in one instruction.
//!
//! Rust 1.95 has no stable intrinsics for it, so these are blocks of assembly. No compiler puts anything into the tile registers, which
//! hold nothing from one call to the next.

use std::arch::asm;
use std::arch::x86_64::{__cpuid, __cpuid_count};
use std::marker::PhantomData;
use std::sync::OnceLock;

use super::{Avx512, Kernel, Simd};
use crate::tier::Tier;

/// Rows of a block, and outputs of a panel.
pub(crate) const SIDE: usize = 16;

/// 32 integers of 16 rows.
pub(crate) type Left = [[i8; 32]; SIDE];
/// Eight times four integers of 16 outputs.
pub(crate) type Right = [[i8; 4 * SIDE]; 8];

/// A sum of products for each row and output.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(64))]
pub(crate) struct Dots(pub(crate) [[i32; SIDE]; SIDE]);

impl Dots {
    pub(crate) const ZERO: Self = Self([[0; SIDE]; SIDE]);
}

/// What multiplies blocks: into a register of sums, 0 or 1, which is read later. Reading is slow, and waits until it has all products.
pub(crate) trait BlockProduct {
    /// Sums of all 32 products of each row and output; exact.
    fn multiply<const REGISTER: usize>(&self, left: &Left, right: &Right);
    /// Sums of the first 16 products, and of the last.
    fn multiply_halves<const REGISTER: usize>(&self, left: &Left, right: &Right);
    /// What [`Self::multiply`] gave.
    fn read<const REGISTER: usize>(&self, dots: &mut Dots);
    /// What [`Self::multiply_halves`] gave.
    fn read_halves<const REGISTER: usize>(&self, dots: &mut [Dots; 2]);
}

/// That CPU and system have AMX with int8, and what [`Tier::Avx512Vnni`] has: a value of this type is the proof.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Amx(());

impl Amx {
    /// The proof, if there is one. The first call asks the system for the registers, which Linux gives to those who ask.
    pub(crate) fn detect() -> Option<Self> {
        static GRANTED: OnceLock<bool> = OnceLock::new();
        GRANTED
            .get_or_init(|| Tier::Avx512Vnni.is_available() && has_instructions() && is_granted())
            .then_some(Self(()))
    }

    /// Runs a kernel with the instructions beside it.
    #[expect(clippy::unused_self, reason = "the proof that the CPU has them")]
    pub(crate) fn run<K: Kernel>(self, kernel: K) -> K::Output {
        // SAFETY: by the proof.
        unsafe { Avx512::<false>::new() }.vectorize(kernel)
    }

    /// Prepares the registers of this thread.
    #[expect(clippy::unused_self, reason = "as above")]
    pub(crate) fn tiles(self) -> Tiles {
        let mut before = Configuration::NONE;
        // SAFETY: by the proof; 64 bytes are written, and those that are read describe palette 1.
        unsafe {
            asm!("sttilecfg [{}]", in(reg) &raw mut before, options(nostack));
            asm!("ldtilecfg [{}]", in(reg) &raw const CONFIGURATION, options(nostack, readonly));
        }
        Tiles { before, of_thread: PhantomData }
    }
}

fn has_instructions() -> bool {
    const TILE_AND_INT8: u32 = 3 << 24;
    __cpuid(0).eax >= 7 && __cpuid_count(7, 0).edx & TILE_AND_INT8 == TILE_AND_INT8
}

#[cfg(target_os = "linux")]
fn is_granted() -> bool {
    /// `ARCH_REQ_XCOMP_PERM` for the state of tile data, see the kernel's Documentation/arch/x86/xstate.rst.
    const REQUEST: (libc::c_long, libc::c_long) = (0x1023, 18);
    // SAFETY: it reads no memory of ours.
    unsafe { libc::syscall(libc::SYS_arch_prctl, REQUEST.0, REQUEST.1) == 0 }
}

/// Windows and macOS have ways of their own, or none.
#[cfg(not(target_os = "linux"))]
fn is_granted() -> bool {
    false
}

/// As `ldtilecfg` reads it.
#[repr(C, align(64))]
struct Configuration {
    palette: u8,
    start_row: u8,
    reserved: [u8; 14],
    row_bytes: [u16; 16],
    rows: [u8; 16],
}

impl Configuration {
    const NONE: Self = Self { palette: 0, start_row: 0, reserved: [0; 14], row_bytes: [0; 16], rows: [0; 16] };
}

/// Registers 0 to 3: sums, the last two of second halves. 4 and 5: rows and outputs, 6 and 7: halves of them.
static CONFIGURATION: Configuration = Configuration {
    palette: 1,
    start_row: 0,
    reserved: [0; 14],
    row_bytes: [64, 64, 64, 64, 32, 64, 16, 64, 0, 0, 0, 0, 0, 0, 0, 0],
    rows: [16, 16, 16, 16, 16, 8, 16, 4, 0, 0, 0, 0, 0, 0, 0, 0],
};

/// Registers of this thread that are ready.
pub(crate) struct Tiles {
    before: Configuration,
    of_thread: PhantomData<*mut ()>,
}

impl Drop for Tiles {
    /// Leaves the registers as they were: candle configures them once for each thread.
    fn drop(&mut self) {
        // SAFETY: there is one only where the CPU has the instructions; the configuration is what the CPU wrote. Threads that hold no
        // tiles are cheaper to switch to.
        unsafe {
            if self.before.palette == 0 {
                asm!("tilerelease", options(nostack, nomem));
            } else {
                asm!("ldtilecfg [{}]", in(reg) &raw const self.before, options(nostack, readonly));
            }
        }
    }
}

/// Bytes from a row to the next: of [`Left`], and of [`Right`] and [`Dots`].
const NARROW: usize = size_of::<[i8; 32]>();
const WIDE: usize = size_of::<[i32; SIDE]>();

impl BlockProduct for Tiles {
    #[inline(always)]
    fn multiply<const REGISTER: usize>(&self, left: &Left, right: &Right) {
        const { assert!(REGISTER < 2) };
        // SAFETY: the registers are configured; what is read are whole arrays.
        unsafe {
            asm!(
                "tileloadd tmm4, [{left} + {narrow}]",
                "tileloadd tmm5, [{right} + {wide}]",
                "tilezero tmm{sums}",
                "tdpbssd tmm{sums}, tmm4, tmm5",
                left = in(reg) left,
                right = in(reg) right,
                narrow = in(reg) NARROW,
                wide = in(reg) WIDE,
                sums = const REGISTER,
                options(nostack, readonly)
            );
        }
    }

    #[inline(always)]
    fn multiply_halves<const REGISTER: usize>(&self, left: &Left, right: &Right) {
        const { assert!(REGISTER < 2) };
        // SAFETY: as above.
        unsafe {
            asm!(
                "tileloadd tmm6, [{left} + {narrow}]",
                "tileloadd tmm7, [{right} + {wide}]",
                "tilezero tmm{first}",
                "tdpbssd tmm{first}, tmm6, tmm7",
                "tileloadd tmm6, [{left} + {narrow} + 16]",
                "tileloadd tmm7, [{right} + {wide} + 256]",
                "tilezero tmm{second}",
                "tdpbssd tmm{second}, tmm6, tmm7",
                left = in(reg) left,
                right = in(reg) right,
                narrow = in(reg) NARROW,
                wide = in(reg) WIDE,
                first = const REGISTER,
                second = const { REGISTER + 2 },
                options(nostack, readonly)
            );
        }
    }

    #[inline(always)]
    fn read<const REGISTER: usize>(&self, dots: &mut Dots) {
        const { assert!(REGISTER < 2) };
        // SAFETY: as above, of what is written.
        unsafe {
            asm!(
                "tilestored [{dots} + {wide}], tmm{sums}",
                dots = in(reg) dots,
                wide = in(reg) WIDE,
                sums = const REGISTER,
                options(nostack)
            );
        }
    }

    #[inline(always)]
    fn read_halves<const REGISTER: usize>(&self, dots: &mut [Dots; 2]) {
        const { assert!(REGISTER < 2) };
        // SAFETY: as above.
        unsafe {
            asm!(
                "tilestored [{dots} + {wide}], tmm{first}",
                "tilestored [{dots} + {wide} + 1024], tmm{second}",
                dots = in(reg) dots,
                wide = in(reg) WIDE,
                first = const REGISTER,
                second = const { REGISTER + 2 },
                options(nostack)
            );
        }
    }
}

/// The twin in plain Rust: a register has both halves, or all in the first.
#[cfg(test)]
pub(crate) struct PlainBlocks(std::cell::Cell<[[Dots; 2]; 2]>);

#[cfg(test)]
impl PlainBlocks {
    pub(crate) fn new() -> Self {
        Self(std::cell::Cell::new([[Dots::ZERO; 2]; 2]))
    }

    fn multiply_parts<const PARTS: usize>(&self, register: usize, left: &Left, right: &Right) {
        let mut registers = self.0.get();
        for (part, dots) in registers[register].iter_mut().enumerate().take(PARTS) {
            *dots = Dots::ZERO;
            let steps = part * 8 / PARTS..(part + 1) * 8 / PARTS;
            for (dots, values) in dots.0.iter_mut().zip(left) {
                for (values, weights) in values.as_chunks::<4>().0[steps.clone()].iter().zip(&right[steps.clone()]) {
                    for (dot, weights) in dots.iter_mut().zip(weights.as_chunks::<4>().0) {
                        *dot += weights.iter().zip(values).map(|(w, x)| i32::from(*w) * i32::from(*x)).sum::<i32>();
                    }
                }
            }
        }
        self.0.set(registers);
    }
}

#[cfg(test)]
impl BlockProduct for PlainBlocks {
    fn multiply<const REGISTER: usize>(&self, left: &Left, right: &Right) {
        self.multiply_parts::<1>(REGISTER, left, right);
    }

    fn multiply_halves<const REGISTER: usize>(&self, left: &Left, right: &Right) {
        self.multiply_parts::<2>(REGISTER, left, right);
    }

    fn read<const REGISTER: usize>(&self, dots: &mut Dots) {
        *dots = self.0.get()[REGISTER][0];
    }

    fn read_halves<const REGISTER: usize>(&self, dots: &mut [Dots; 2]) {
        *dots = self.0.get()[REGISTER];
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synthetic::Random;

    /// All registers at once.
    fn products(multiplier: &impl BlockProduct, left: &[Left; 2], right: &Right) -> [[[i32; SIDE]; SIDE]; 6] {
        let mut dots = [Dots([[7; SIDE]; SIDE]); 6];
        let [a, b, halves @ ..] = &mut dots;
        let (even, odd) = halves.split_at_mut(2);
        multiplier.multiply::<0>(&left[0], right);
        multiplier.multiply::<1>(&left[1], right);
        multiplier.read::<0>(a);
        multiplier.multiply_halves::<0>(&left[0], right);
        multiplier.read::<1>(b);
        multiplier.multiply_halves::<1>(&left[1], right);
        multiplier.read_halves::<0>(even.try_into().unwrap());
        multiplier.read_halves::<1>(odd.try_into().unwrap());
        dots.map(|dots| dots.0)
    }

    #[test]
    fn leaves_the_registers_as_they_were() {
        let Some(amx) = Amx::detect() else { return };
        let found = || {
            let mut found = Configuration::NONE;
            // SAFETY: 64 bytes are written.
            unsafe { asm!("sttilecfg [{}]", in(reg) &raw mut found, options(nostack)) };
            (found.palette, found.row_bytes)
        };
        drop(amx.tiles());
        assert_eq!(found().0, 0);
        let others = Configuration {
            palette: 1,
            row_bytes: std::array::from_fn(|tile| if tile < 8 { 32 } else { 0 }),
            rows: std::array::from_fn(|tile| if tile < 8 { 8 } else { 0 }),
            ..Configuration::NONE
        };
        // SAFETY: 64 bytes that describe palette 1.
        unsafe { asm!("ldtilecfg [{}]", in(reg) &raw const others, options(nostack, readonly)) };
        drop(amx.tiles());
        assert_eq!(found(), (1, others.row_bytes));
        // SAFETY: the CPU has it.
        unsafe { asm!("tilerelease", options(nostack, nomem)) };
    }

    #[test]
    fn multiplies_as_its_twin_does() {
        // Without AMX there is nothing to compare: which tiers are skipped, tests/tiers.rs says.
        let Some(amx) = Amx::detect() else { return };
        let tiles = amx.tiles();
        let mut random = Random(5);
        for _ in 0..100 {
            let left: [Left; 2] =
                std::array::from_fn(|_| std::array::from_fn(|_| std::array::from_fn(|_| random.bits() as i8)));
            let right: Right = std::array::from_fn(|_| std::array::from_fn(|_| random.bits() as i8));
            assert_eq!(products(&tiles, &left, &right), products(&PlainBlocks::new(), &left, &right));
        }
    }
}
