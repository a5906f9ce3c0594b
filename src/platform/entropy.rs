//! Random bytes from the operating system, fit for keys and nonces.

use thiserror::Error;

/// The operating system gave no random bytes; nothing may be sealed or named without them.
#[derive(Debug, Error)]
#[error("the operating system gave no random bytes: {0}")]
pub struct EntropyError(#[from] getrandom::Error);

/// Fills `bytes` wholly, or fails and leaves it unspecified.
///
/// # Errors
/// When the system's generator is missing or refuses.
pub fn fill(bytes: &mut [u8]) -> Result<(), EntropyError> {
    Ok(getrandom::fill(bytes)?)
}

/// `N` fresh random bytes.
///
/// # Errors
/// When the system's generator is missing or refuses.
pub fn bytes<const N: usize>() -> Result<[u8; N], EntropyError> {
    let mut bytes = [0; N];
    fill(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_draws_differ() {
        assert_ne!(bytes::<32>().unwrap(), bytes::<32>().unwrap());
        assert_ne!(bytes::<32>().unwrap(), [0; 32]);
    }
}
