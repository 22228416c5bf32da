//! The Redis protocol, RESP2 and RESP3: bytes in, frames out, and back.
//!
//! Nothing here knows a store, a socket or a clock. A server, a client and a load generator are built on it, and each of them decides by
//! itself where bytes come from and go to.
//!
//! | module | what it does |
//! |---|---|
//! | [`request`], [`inline`] | requests as a server reads them: arrays of bulk strings, and inline commands |
//! | [`encode`] | replies as a server writes them |
//! | [`decode`], [`frame`] | any frame of either version, as a client reads it |
//! | [`command`] | the table of commands: names, arity, keys, flags, help |
//! | [`number`], [`glob`] | how arguments are read: integers, floats, patterns |
//!
//! # What holds everywhere
//!
//! - **Any cut is the same.** Both decoders give the same for a stream, whichever pieces it comes in, errors included.
//! - **Linear cost.** No byte is looked at again because more came (but for a few of a line that is not whole), however
//!   small the pieces are.
//! - **Nothing is believed.** Memory is taken for what has come and not for what is announced; depth, counts and lengths have limits; no input panics.
//! - **No allocation** for an argument of a request, nor for a reply, once the buffers have grown to what they need.
//!
//! # Where Redis is not followed
//!
//! Requests that Redis 7.0 takes are taken, and those that it refuses are refused in its words, with these exceptions:
//!
//! - A NUL byte in a line hides the line's end from Redis, which waits for more until there are 64 KiB. Here it is a byte as any other.
//! - Redis notices that a line is too long only between two reads of its socket, so it may accept a line of more than 64 KiB, depending on how that was cut.
//!   Here it never does.
//! - A request has at most 1,048,576 arguments, as in Redis up to 6.2; Redis 7 takes 2,147,483,647.

mod aggregate;
#[cfg(all(any(fuzzing, test), not(purekv_loom)))]
pub(crate) mod check;
pub mod command;
pub mod decode;
pub mod encode;
pub mod error;
pub mod frame;
pub mod glob;
pub mod inline;
pub mod limits;
pub mod number;
pub mod request;
#[cfg(all(test, not(purekv_loom)))]
mod tests;

/// A version of the protocol. A connection begins with the second and is switched by `HELLO`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// RESP2: simple strings, errors, integers, bulk strings, arrays.
    #[default]
    Resp2,
    /// RESP3: besides these maps, sets, doubles, booleans, nulls, big numbers, verbatim strings, pushes and attributes.
    Resp3,
}
