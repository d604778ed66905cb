//! Any thread. Asks the processor to bring memory near before its turn comes. Nothing is read, so any address will do.

/// What comes near at a time.
pub const LINE: usize = 64;

/// Brings near so many bytes from `address` on.
pub fn bring_near(address: usize, bytes: usize) {
    (address / LINE * LINE..address.saturating_add(bytes)).step_by(LINE).for_each(bring_line_near);
}

/// Brings near the line in which `address` lies.
#[inline(always)]
pub fn bring_line_near(address: usize) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: a hint: it reads nothing and cannot fail, wherever it points.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(std::ptr::without_provenance(address)) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = address;
}
