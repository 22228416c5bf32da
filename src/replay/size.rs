//! How large the values of a replay are.

use std::str::FromStr;

use super::Request;

/// Bytes of the largest value that is stored, whatever the trace says: some traces know objects of 500 MB.
pub(super) const LARGEST_VALUE: usize = 1 << 20;

/// Bytes of a value of unknown size.
pub(super) const USUAL_VALUE: usize = 64;

/// How large the values are. As text: a number of bytes, or `trace`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ValueSize {
    /// This many bytes, at most 1 MiB.
    Fixed(usize),
    /// What the trace says, at most 1 MiB; 64 bytes where it says nothing.
    Trace,
}

/// A value size that is neither `trace` nor a number of at most 1 MiB.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected trace or a number of bytes up to {LARGEST_VALUE}")]
#[non_exhaustive]
pub struct ParseSizeError;

impl ValueSize {
    pub(super) fn of(self, request: &Request) -> usize {
        match self {
            Self::Fixed(size) => size,
            Self::Trace if request.size == 0 => USUAL_VALUE,
            Self::Trace => request.size as usize,
        }
        .min(LARGEST_VALUE)
    }
}

impl Default for ValueSize {
    /// 64 bytes.
    fn default() -> Self {
        Self::Fixed(USUAL_VALUE)
    }
}

impl FromStr for ValueSize {
    type Err = ParseSizeError;

    fn from_str(text: &str) -> Result<Self, ParseSizeError> {
        match (text, text.parse()) {
            ("trace", _) => Ok(Self::Trace),
            (_, Ok(bytes)) if bytes <= LARGEST_VALUE => Ok(Self::Fixed(bytes)),
            _ => Err(ParseSizeError),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_from_text() {
        assert_eq!("trace".parse(), Ok(ValueSize::Trace));
        assert_eq!("0".parse(), Ok(ValueSize::Fixed(0)));
        assert_eq!("1048576".parse(), Ok(ValueSize::Fixed(LARGEST_VALUE)));
        for text in ["", "-1", "1048577", "64k", "traces"] {
            assert_eq!(text.parse::<ValueSize>(), Err(ParseSizeError), "{text}");
        }
    }
}
