//! Which instructions this CPU has for products with quantised weights.

use std::sync::OnceLock;

/// A set of instructions that weights are arranged for. The bits of a product do not depend on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tier {
    /// Rows as the file has them, computed by whatever the compiler makes of plain loops.
    Portable,
    /// Panels; `vpmaddubsw`.
    Avx2,
    /// Panels; `vpdpbusd` on 512 bits.
    Avx512Vnni,
}

impl Tier {
    /// From the slowest to the fastest.
    const ALL: [Self; 3] = [Self::Portable, Self::Avx2, Self::Avx512Vnni];

    /// The fastest that this CPU has.
    pub fn detect() -> Self {
        static DETECTED: OnceLock<Tier> = OnceLock::new();
        *DETECTED.get_or_init(|| Self::available().last().unwrap_or(Self::Portable))
    }

    /// All that this CPU has.
    pub fn available() -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(|tier| tier.is_available())
    }

    #[cfg(target_arch = "x86_64")]
    pub(crate) fn is_available(self) -> bool {
        match self {
            Self::Portable => true,
            Self::Avx2 => is_x86_feature_detected!("avx2") && is_x86_feature_detected!("f16c"),
            Self::Avx512Vnni => {
                is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512bw")
                    && is_x86_feature_detected!("avx512vnni")
            }
        }
    }

    #[cfg(not(target_arch = "x86_64"))]
    pub(crate) fn is_available(self) -> bool {
        match self {
            Self::Portable => true,
            Self::Avx2 | Self::Avx512Vnni => false,
        }
    }
}
