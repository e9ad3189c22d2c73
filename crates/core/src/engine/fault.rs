//! A fault that a test puts into an engine.

use crate::error::{Error, ErrorCode, Result};

/// What goes wrong, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultKind {
    /// A step panics before it does anything.
    StepPanic,
    /// The engine panics while a request begins.
    AdmissionPanic,
    /// A forward pass panics.
    ForwardPanic,
    /// A forward pass finds the device gone.
    DeviceLost,
    /// The sampler panics.
    SamplerPanic,
    /// The sampler gets a logit that is not a number.
    NanLogit,
}

/// Happens once: at the `nth` step, beginning or forward pass from now, or at the `nth` token of the first sequence to come there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    /// What goes wrong, and where.
    pub kind: FaultKind,
    /// When, counted from 1.
    pub nth: u64,
}

/// The fault that is still to come.
#[derive(Debug, Default)]
pub(super) struct PendingFault(Option<Fault>);

impl PendingFault {
    pub(super) fn put(&mut self, fault: Fault) {
        self.0 = Some(fault);
    }

    /// A step with live streams begins.
    pub(super) fn step(&mut self) {
        let due = self.count(|kind| kind == FaultKind::StepPanic).is_some();
        assert!(!due, "a fault was injected");
    }

    /// A request begins.
    pub(super) fn admission(&mut self) {
        let due = self.count(|kind| kind == FaultKind::AdmissionPanic).is_some();
        assert!(!due, "a fault was injected");
    }

    /// A forward pass begins.
    pub(super) fn forward(&mut self) -> Result<()> {
        let due = self.count(|kind| matches!(kind, FaultKind::ForwardPanic | FaultKind::DeviceLost));
        assert!(due != Some(FaultKind::ForwardPanic), "a fault was injected");
        match due {
            Some(_) => Err(Error::new(ErrorCode::DeviceLost, "The device is gone: a fault was injected.")),
            None => Ok(()),
        }
    }

    /// A sequence's `nth` token is about to be sampled from `logits`.
    pub(super) fn sampler(&mut self, nth: u64, logits: &mut [f32]) {
        let Some(fault) = self.0.filter(|fault| fault.nth == nth) else { return };
        match fault.kind {
            FaultKind::StepPanic | FaultKind::AdmissionPanic | FaultKind::ForwardPanic | FaultKind::DeviceLost => {
                return;
            }
            FaultKind::SamplerPanic | FaultKind::NanLogit => self.0 = None,
        }
        assert!(fault.kind != FaultKind::SamplerPanic, "a fault was injected");
        if let Some(logit) = logits.first_mut() {
            *logit = f32::NAN;
        }
    }

    /// Counts one of `kind`; what is due now is no longer to come.
    fn count(&mut self, of: impl Fn(FaultKind) -> bool) -> Option<FaultKind> {
        let fault = self.0.as_mut().filter(|fault| of(fault.kind))?;
        fault.nth -= 1;
        let (kind, due) = (fault.kind, fault.nth == 0);
        if !due {
            return None;
        }
        self.0 = None;
        Some(kind)
    }
}
