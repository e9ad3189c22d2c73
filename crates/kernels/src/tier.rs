//! Which instructions this CPU has for products.

#[cfg(target_arch = "aarch64")]
use std::arch::is_aarch64_feature_detected;
use std::sync::OnceLock;

#[cfg(target_arch = "aarch64")]
use crate::simd::Neon;
#[cfg(target_arch = "x86_64")]
use crate::simd::amx::Amx;
#[cfg(target_arch = "x86_64")]
use crate::simd::{Avx2, Avx512, Dpbusd};
use crate::simd::{Baseline, Kernel, Simd};

/// A set of instructions that weights are arranged for. The bits of a product do not depend on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tier {
    /// Whatever the compiler makes of plain loops: blocks in rows as the file has them, floats in panels.
    Portable,
    /// Panels; `vpmaddubsw`.
    Avx2,
    /// Panels; `vpdpbusd` on 256 bits.
    AvxVnni,
    /// Panels; `vpdpbusd` on 512 bits.
    Avx512Vnni,
    /// The same, and AMX where there are many rows.
    Amx,
    /// Panels; `smlal`.
    Neon,
    /// Panels; `sdot`.
    NeonDotprod,
    /// Panels; WebAssembly's 128 bits, relaxed where the module was compiled for it.
    Simd128,
}

impl Tier {
    /// Those of this architecture, from the slowest to the fastest.
    #[cfg(target_arch = "x86_64")]
    pub const ALL: &[Self] = &[Self::Portable, Self::Avx2, Self::AvxVnni, Self::Avx512Vnni, Self::Amx];
    /// Those of this architecture, from the slowest to the fastest.
    #[cfg(target_arch = "aarch64")]
    pub const ALL: &[Self] = &[Self::Portable, Self::Neon, Self::NeonDotprod];
    /// Those of this architecture, from the slowest to the fastest.
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    pub const ALL: &[Self] = &[Self::Portable, Self::Simd128];

    /// The fastest that this CPU has.
    pub fn detect() -> Self {
        static DETECTED: OnceLock<Tier> = OnceLock::new();
        *DETECTED.get_or_init(|| Self::available().last().unwrap_or(Self::Portable))
    }

    /// All that this CPU has.
    pub fn available() -> impl Iterator<Item = Self> {
        Self::ALL.iter().copied().filter(|tier| tier.is_available())
    }

    /// What it is called in a model's information.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Portable => "none",
            Self::Avx2 => "avx2",
            Self::AvxVnni => "avxvnni",
            Self::Avx512Vnni => "avx512vnni",
            Self::Amx => "amx",
            Self::Neon => "neon",
            Self::NeonDotprod => "dotprod",
            Self::Simd128 if cfg!(target_feature = "relaxed-simd") => "relaxed-simd",
            Self::Simd128 => "simd128",
        }
    }

    /// Whether weights are read as fast where they begin anywhere: registers are no wider than what memory gives at a time.
    pub const fn takes_any_alignment(self) -> bool {
        match self {
            Self::Portable | Self::Neon | Self::NeonDotprod | Self::Simd128 => true,
            Self::Avx2 | Self::AvxVnni | Self::Avx512Vnni | Self::Amx => false,
        }
    }

    /// Whether its products take signed bytes of weights plus 128.
    pub(crate) const fn is_unsigned(self) -> bool {
        match self {
            Self::Portable | Self::Avx2 | Self::Neon | Self::NeonDotprod | Self::Simd128 => false,
            Self::AvxVnni | Self::Avx512Vnni | Self::Amx => true,
        }
    }

    /// Whether its products take four bytes as two halves of 16 bits: the low bytes of both are the first two integers.
    pub(crate) const fn is_halved(self) -> bool {
        match self {
            Self::Portable
            | Self::Avx2
            | Self::AvxVnni
            | Self::Avx512Vnni
            | Self::Amx
            | Self::Neon
            | Self::NeonDotprod => false,
            Self::Simd128 => cfg!(not(target_feature = "relaxed-simd")),
        }
    }

    /// Runs `kernel` with the tier's instructions. Pools and weights, whose tiers are run, are made for none that the CPU lacks.
    #[inline(always)]
    #[cfg(target_arch = "x86_64")]
    pub(crate) fn run<K: Kernel>(self, kernel: K) -> K::Output {
        debug_assert!(self.is_available(), "a pool or a weight was made for a tier that the CPU lacks");
        match self {
            // The last three are never made here.
            Self::Portable | Self::Neon | Self::NeonDotprod | Self::Simd128 => Baseline.vectorize(kernel),
            // SAFETY: the CPU has it, as above.
            Self::Avx2 => unsafe { Avx2::new() }.vectorize(kernel),
            // SAFETY: as above.
            Self::AvxVnni => unsafe { Avx2::with_vnni() }.vectorize(kernel),
            // SAFETY: as above.
            Self::Avx512Vnni | Self::Amx => unsafe { Avx512::<false>::new() }.vectorize(kernel),
        }
    }

    /// What multiplies blocks of rows, which are then also wanted of activations.
    #[cfg(target_arch = "x86_64")]
    pub(crate) fn amx(self) -> Option<Amx> {
        match self {
            Self::Amx => Amx::detect(),
            Self::Portable
            | Self::Avx2
            | Self::AvxVnni
            | Self::Avx512Vnni
            | Self::Neon
            | Self::NeonDotprod
            | Self::Simd128 => None,
        }
    }

    /// Whether [`Self::run_bf16`] has an instruction for two products of bfloat16.
    pub(crate) fn multiplies_bf16(self) -> bool {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512Vnni | Self::Amx => is_x86_feature_detected!("avx512bf16"),
            #[cfg(not(target_arch = "x86_64"))]
            Self::Avx512Vnni | Self::Amx => false,
            Self::Portable | Self::Avx2 | Self::AvxVnni | Self::Neon | Self::NeonDotprod | Self::Simd128 => false,
        }
    }

    /// [`Self::run`] with what the CPU has for bfloat16 beside it.
    #[inline(always)]
    pub(crate) fn run_bf16<K: Kernel>(self, kernel: K) -> K::Output {
        #[cfg(target_arch = "x86_64")]
        if self.multiplies_bf16() {
            // SAFETY: the CPU has it, and what the tier has.
            return unsafe { Avx512::with_bf16() }.vectorize(kernel);
        }
        self.run(kernel)
    }

    /// As above.
    #[inline(always)]
    #[cfg(target_arch = "aarch64")]
    pub(crate) fn run<K: Kernel>(self, kernel: K) -> K::Output {
        debug_assert!(self.is_available(), "a pool or a weight was made for a tier that the CPU lacks");
        match self {
            // The last three are never made here.
            Self::Portable | Self::Avx2 | Self::AvxVnni | Self::Avx512Vnni | Self::Amx | Self::Simd128 => {
                Baseline.vectorize(kernel)
            }
            Self::Neon => Neon::new().vectorize(kernel),
            // SAFETY: the CPU has it, as above.
            Self::NeonDotprod => unsafe { Neon::with_dotprod() }.vectorize(kernel),
        }
    }

    /// Runs `kernel` with the instructions that every CPU has.
    #[inline(always)]
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    pub(crate) fn run<K: Kernel>(self, kernel: K) -> K::Output {
        match self {
            Self::Portable
            | Self::Avx2
            | Self::AvxVnni
            | Self::Avx512Vnni
            | Self::Amx
            | Self::Neon
            | Self::NeonDotprod
            | Self::Simd128 => Baseline.vectorize(kernel),
        }
    }

    #[cfg(target_arch = "x86_64")]
    pub(crate) fn is_available(self) -> bool {
        match self {
            Self::Portable => true,
            Self::Avx2 => {
                is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") && is_x86_feature_detected!("f16c")
            }
            Self::AvxVnni => Self::Avx2.is_available() && Dpbusd::is_available(),
            Self::Avx512Vnni => {
                is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512bw")
                    && is_x86_feature_detected!("avx512vnni")
            }
            Self::Amx => Amx::detect().is_some(),
            Self::Neon | Self::NeonDotprod | Self::Simd128 => false,
        }
    }

    #[cfg(target_arch = "aarch64")]
    pub(crate) fn is_available(self) -> bool {
        match self {
            Self::Portable | Self::Neon => true,
            Self::NeonDotprod => is_aarch64_feature_detected!("dotprod"),
            Self::Avx2 | Self::AvxVnni | Self::Avx512Vnni | Self::Amx | Self::Simd128 => false,
        }
    }

    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    pub(crate) fn is_available(self) -> bool {
        match self {
            Self::Portable => true,
            Self::Avx2 | Self::AvxVnni | Self::Avx512Vnni | Self::Amx | Self::Neon | Self::NeonDotprod => false,
            Self::Simd128 => cfg!(all(target_arch = "wasm32", target_feature = "simd128")),
        }
    }
}
