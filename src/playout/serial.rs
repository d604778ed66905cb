//! Any thread. Numbers of 32 bits that wrap (RFC 1982), as the ever-growing ones that they stand for.

/// Follows a number across its wraps. The first one stands for itself.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unwrap {
    last: Option<i64>,
}

impl Unwrap {
    /// What `number` stands for: whichever is nearest to the last one.
    pub fn peek(&self, number: u32) -> i64 {
        match self.last {
            None => i64::from(number),
            Some(last) => last + i64::from(number.wrapping_sub(last as u32) as i32),
        }
    }

    /// `peek`, and goes on from there.
    pub fn next(&mut self, number: u32) -> i64 {
        let whole = self.peek(number);
        self.last = Some(whole);
        whole
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zero_is_crossed_in_both_directions() {
        let mut numbers = Unwrap::default();
        let start = i64::from(0xffff_fff0u32);
        assert_eq!(numbers.next(0xffff_fff0), start);
        assert_eq!(numbers.next(5), start + 21);
        assert_eq!(numbers.peek(0xffff_ffff), start + 15);
        assert_eq!(numbers.next(6), start + 22);
    }
}
