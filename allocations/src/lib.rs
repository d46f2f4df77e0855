//! Counts what a test allocates. A test program that uses this crate runs on the system's allocator with a counter in front; the
//! crates are only built with it for their tests.

#![expect(unsafe_code, reason = "an allocator cannot be written without")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::hint::black_box;

thread_local! {
    /// Allocations of this thread, and the bytes of them.
    static ALLOCATED: Cell<(usize, usize)> = const { Cell::new((0, 0)) };
}

#[derive(Debug)]
struct Counting;

// SAFETY: every call is passed on to the system's allocator as it came. The counter is a thread local that needs neither
// initialisation nor destruction, so it allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let (count, bytes) = ALLOCATED.get();
        ALLOCATED.set((count.wrapping_add(1), bytes.wrapping_add(layout.size())));
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract of `dealloc`.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// How often `work` allocates in this thread. A buffer that grows counts as another one.
///
/// ```
/// let mut buffer = Vec::with_capacity(100);
/// assert_eq!(allocations::allocations(|| buffer.extend([7_u8; 100])), 0);
/// assert_eq!(allocations::allocations(|| buffer.push(7)), 1);
/// ```
pub fn allocations<R>(work: impl FnOnce() -> R) -> usize {
    let (count, _) = allocated(work);
    count
}

/// How often `work` allocates in this thread, and how many bytes in all. What it frees is not taken off.
///
/// ```
/// assert_eq!(allocations::allocated(|| [vec![7_u8; 100], vec![7; 11]]), (2, 111));
/// ```
pub fn allocated<R>(work: impl FnOnce() -> R) -> (usize, usize) {
    let (count, bytes) = ALLOCATED.get();
    black_box(work());
    let after = ALLOCATED.get();
    (after.0.wrapping_sub(count), after.1.wrapping_sub(bytes))
}
