//! The C function `pow`, which keeps the C library of mathematics out of the functions.
//!
//! The SDK calls it in one place, its adaptive retries, which no function asks for.
//! For this one symbol the loader would map the whole library at every cold start: 0.3 MiB of the 5 that a function holds (docs/performance.md).

/// `x` to the power of `y`, as C has it ("The Open Group Base Specifications", `pow`).
// The attribute is unsafe because two definitions of a symbol would be one too many; the linker takes this one before any library's.
#[unsafe(no_mangle)]
pub extern "C" fn pow(x: f64, y: f64) -> f64 {
    libm::pow(x, y)
}

#[cfg(test)]
mod tests {
    use super::pow;

    #[test]
    fn it_is_the_power() {
        for (x, y, power) in [
            (2.0, 10.0, 1024.0),
            (27.0, 1.0 / 3.0, 3.0),
            (4.0, -0.5, 0.5),
            (0.0, 0.0, 1.0),
        ] {
            let error: f64 = pow(x, y) - power;
            assert!(error.abs() < 1e-12, "{x} to the power of {y}");
        }
        assert!(pow(-8.0, 1.0 / 3.0).is_nan());
    }
}
