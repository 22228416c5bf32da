//! What one request, or one frame, may be at most.

/// Limits on requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestLimits {
    /// Arguments of one request, the command's name among them: 1,048,576 unless said otherwise.
    pub arguments: usize,
    /// Bytes of one argument: 512 MiB unless said otherwise, as Redis's `proto-max-bulk-len`.
    pub bulk: usize,
    /// Bytes before the end of a line, be it an inline command or a count: 64 KiB unless said otherwise.
    pub line: usize,
    /// Arguments of one request before the client has authenticated: 10 unless said otherwise.
    pub arguments_before_auth: usize,
    /// Bytes of one argument before the client has authenticated: 16 KiB unless said otherwise.
    pub bulk_before_auth: usize,
}

impl Default for RequestLimits {
    fn default() -> Self {
        Self {
            arguments: 1 << 20,
            bulk: 512 << 20,
            line: 64 << 10,
            arguments_before_auth: 10,
            bulk_before_auth: 16 << 10,
        }
    }
}

/// Limits on frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameLimits {
    /// How deep arrays and their like are nested: 32 unless said otherwise. It is a byte because a frame is dropped, compared and
    /// encoded by recursion.
    pub depth: u8,
    /// Frames within one frame, itself and all levels counted: 16,777,216 unless said otherwise.
    pub elements: u64,
    /// Bytes of one string: 512 MiB unless said otherwise.
    pub bulk: u64,
    /// Bytes of one line, as a simple string or a number: 64 KiB unless said otherwise.
    pub line: usize,
}

impl Default for FrameLimits {
    fn default() -> Self {
        Self { depth: 32, elements: 1 << 24, bulk: 512 << 20, line: 64 << 10 }
    }
}
