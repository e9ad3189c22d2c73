//! Where candle computes.

use candle_core::Device;

use crate::error::{Error, ErrorCode, Result};

/// A kind of device a model can be loaded on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeviceKind {
    /// The host.
    Cpu,
    /// NVIDIA; cargo feature `cuda`.
    Cuda,
    /// Apple; cargo feature `metal`.
    Metal,
}

impl DeviceKind {
    /// Its name in options and in a model's information.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::Cuda => "cuda",
            Self::Metal => "metal",
        }
    }

    /// # Errors
    /// `unsupported` at `device` where this build has no support for it.
    pub fn require_built(self) -> Result<()> {
        let built = match self {
            Self::Cpu => true,
            Self::Cuda => cfg!(feature = "cuda"),
            Self::Metal => cfg!(feature = "metal"),
        };
        if built { Ok(()) } else { Err(not_built(self)) }
    }

    /// Opens the first device of this kind.
    ///
    /// # Errors
    /// `unsupported` at `device` where this build has no support for it; `device_lost` where there is none.
    pub fn open(self) -> Result<Device> {
        match self {
            Self::Cpu => Ok(Device::Cpu),
            Self::Cuda => open_cuda(),
            Self::Metal => open_metal(),
        }
    }

    /// The best kind that opens here.
    pub fn detect() -> Self {
        [Self::Cuda, Self::Metal].into_iter().find(|kind| kind.open().is_ok()).unwrap_or(Self::Cpu)
    }

    /// The kinds that this build has and that do not open here.
    pub fn missing() -> impl Iterator<Item = (Self, Error)> {
        let opened = [Self::Cuda, Self::Metal].into_iter().filter_map(|kind| Some((kind, kind.open().err()?)));
        opened.filter(|(_, error)| error.code() != ErrorCode::Unsupported)
    }
}

#[cfg(feature = "cuda")]
fn open_cuda() -> Result<Device> {
    Ok(Device::new_cuda(0)?)
}

#[cfg(not(feature = "cuda"))]
fn open_cuda() -> Result<Device> {
    Err(not_built(DeviceKind::Cuda))
}

#[cfg(feature = "metal")]
fn open_metal() -> Result<Device> {
    Ok(Device::new_metal(0)?)
}

#[cfg(not(feature = "metal"))]
fn open_metal() -> Result<Device> {
    Err(not_built(DeviceKind::Metal))
}

fn not_built(kind: DeviceKind) -> Error {
    Error::unsupported("device", format!("this build has no support for `{}`; use `cpu` or `auto`", kind.name()))
}
