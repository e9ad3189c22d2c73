//! Memory whose size a request decides: asked for in a way that can fail.

use crate::error::{Error, ErrorCode, Result};

/// An empty vector with room for `capacity` elements.
///
/// # Errors
/// `out_of_memory{needed}` where the system has no such memory.
pub(crate) fn try_with_capacity<T>(capacity: usize) -> Result<Vec<T>> {
    let mut vector = Vec::new();
    vector.try_reserve_exact(capacity).map_err(|_| {
        Error::new(ErrorCode::OutOfMemory, "The system has no more memory; ask for less, or end something else first.")
            .detail("needed", capacity.saturating_mul(size_of::<T>()))
    })?;
    // Or the compiler would leave out an allocation that nobody writes to.
    Ok(std::hint::black_box(vector))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_had_is_an_error() {
        assert!(try_with_capacity::<f32>(1000).unwrap().capacity() >= 1000);
        for impossible in [usize::MAX, isize::MAX as usize / 4] {
            let error = try_with_capacity::<f32>(impossible).unwrap_err();
            assert_eq!(error.code(), ErrorCode::OutOfMemory);
        }
    }
}
