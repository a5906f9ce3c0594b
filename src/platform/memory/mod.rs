//! Memory for keys and values: locked pages while they live, and nothing of them once they are gone.
//!
//! [`Locked`] is bytes in pages that stay out of swap and core files. The pages are asked of the system a chunk at a
//! time and used again and again, so that holding one more value is no system call. Whatever else the program
//! allocates may hold a copy for a while (a request's buffers, a library's): the allocator clears every block as it is
//! freed. What neither sees is the stack, which [`clear_stack`] is for.

mod arena;
mod locked;

pub use arena::{LockedPages, pages};
pub use locked::Locked;

use zeroize::Zeroize as _;
use zeroizing_alloc::ZeroAlloc;

/// Clears what is freed, whoever allocated it.
#[global_allocator]
static ALLOCATOR: ZeroAlloc<std::alloc::System> = ZeroAlloc(std::alloc::System);

/// More than the frames of the functions that turn a key into others.
const STACK: usize = 32 * 1024;

/// Overwrites the stack below the caller, where functions that have returned left what they worked on.
#[inline(never)]
pub fn clear_stack() {
    let mut below = [0_u8; STACK];
    below.zeroize();
    std::hint::black_box(&below);
}
