//! Calls that go together.

use redis::{Pipeline, Value};

use super::call::Call;
use super::error::Error;
use super::reply::Fault;
use super::settings::Settings;

/// What is sent for a batch.
pub struct Request {
    pub(super) operation: &'static str,
    pub(super) commands: Pipeline,
    /// Whether it changes nothing, so that it may be sent twice.
    pub(super) reads: bool,
}

/// What came back for it, value by value.
pub struct Replies<'a> {
    values: std::vec::IntoIter<Value>,
    settings: &'a Settings,
}

impl<'a> Replies<'a> {
    /// `values` are as many as there were commands.
    pub(super) fn new(values: Vec<Value>, settings: &'a Settings) -> Self {
        Self { values: values.into_iter(), settings }
    }
}

impl Request {
    pub(super) fn new(batch: &mut impl sealed::Parts) -> Self {
        let mut request =
            Self { operation: "pipeline", commands: Pipeline::with_capacity(1), reads: true };
        batch.encode(&mut request);
        request
    }

    /// As [`new`](Self::new), of a part of this operation.
    pub(super) fn named(operation: &'static str, batch: &mut impl sealed::Parts) -> Self {
        Self { operation, ..Self::new(batch) }
    }

    pub(super) fn len(&self) -> usize {
        self.commands.len()
    }
}

/// Calls that go to the server and back together: a [`Call`], a list or an array of batches, or a tuple of up to 8 of them, so any mixture.
///
/// Each call has a result of its own, in the same place: that one is refused keeps no other from being carried out. They are
/// carried out in their order, but not as one step: other clients' operations may come in between.
///
/// ```no_run
/// use purekv::client::{Client, call};
///
/// let client = Client::connect("127.0.0.1:6379")?;
/// let keys = [b"user:1", b"user:2"];
/// let (visits, users) = client.run((call::add(b"visits", 1), keys.map(|key| call::get(key))))?;
/// println!("visit {}, {:?}", visits?, users[0].as_ref().ok());
/// # Ok::<(), purekv::client::Error>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a call, nor a list, an array or a tuple of calls"
)]
pub trait Batch: sealed::Parts {}

impl<B: sealed::Parts> Batch for B {}

pub(super) mod sealed {
    use super::{Replies, Request};

    pub trait Parts {
        /// The results, in the shape of the batch.
        type Output;

        /// Hands its commands over.
        fn encode(&mut self, request: &mut Request);

        fn decode(self, replies: &mut Replies<'_>) -> Self::Output;
    }
}

use sealed::Parts;

impl<T> Parts for Call<T> {
    type Output = Result<T, Error>;

    fn encode(&mut self, request: &mut Request) {
        if request.commands.is_empty() {
            request.operation = self.operation;
        } else {
            request.operation = "pipeline";
        }
        request.reads &= self.reads;
        for command in self.commands.drain(..) {
            request.commands.add_command(command);
            self.replies += 1;
        }
    }

    fn decode(self, replies: &mut Replies<'_>) -> Self::Output {
        let values = replies.values.by_ref().take(self.replies).collect();
        let (address, operation) = (&replies.settings.address, self.operation);
        Call::decode(&self, values).map_err(|fault| match fault {
            Fault::Refused(text) => Error::Server { address: address.clone(), operation, text },
            Fault::Unexpected { expected, found } => {
                Error::Reply { address: address.clone(), operation, expected, found }
            }
        })
    }
}

impl<B: Parts> Parts for Vec<B> {
    type Output = Vec<B::Output>;

    fn encode(&mut self, request: &mut Request) {
        self.iter_mut().for_each(|part| part.encode(request));
    }

    fn decode(self, replies: &mut Replies<'_>) -> Self::Output {
        self.into_iter().map(|part| part.decode(replies)).collect()
    }
}

impl<B: Parts, const N: usize> Parts for [B; N] {
    type Output = [B::Output; N];

    fn encode(&mut self, request: &mut Request) {
        self.iter_mut().for_each(|part| part.encode(request));
    }

    fn decode(self, replies: &mut Replies<'_>) -> Self::Output {
        self.map(|part| part.decode(replies))
    }
}

macro_rules! tuple {
    ($($part:ident)+) => {
        impl<$($part: Parts),+> Parts for ($($part,)+) {
            type Output = ($($part::Output,)+);

            fn encode(&mut self, request: &mut Request) {
                #[allow(non_snake_case, reason = "named as their types")]
                let ($($part,)+) = self;
                $($part.encode(request);)+
            }

            fn decode(self, replies: &mut Replies<'_>) -> Self::Output {
                #[allow(non_snake_case, reason = "named as their types")]
                let ($($part,)+) = self;
                ($($part.decode(replies),)+)
            }
        }
    };
}

tuple!(A);
tuple!(A B);
tuple!(A B C);
tuple!(A B C D);
tuple!(A B C D E);
tuple!(A B C D E F);
tuple!(A B C D E F G);
tuple!(A B C D E F G H);
