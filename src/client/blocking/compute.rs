//! Read-modify-write.

use std::time::Instant;

use super::Client;
use super::line::{Broken, Line};
use crate::client::batch::{Replies, Request, sealed::Parts};
use crate::client::call;
use crate::client::compute::{self, Step};
use crate::client::error::Error;
use crate::kv::{Computed, Op};

/// # Read-modify-write
///
/// A connection is ours alone for as long as it takes.
impl Client {
    /// One atomic read-modify-write: `decide` sees the value, or `None`, and its answer is carried out if nothing has touched the key since; else it is
    /// called again, as long as the call has time. Two round trips, and as many again for each time that another was first.
    ///
    /// `decide` may use the client, whose pool must then have another connection.
    ///
    /// A default time-to-live is the server's. Retimed to a time of the clock that has passed, the entry is gone, and the answer is `Retimed` all the same.
    ///
    /// # Errors
    ///
    /// As those of every call; [`Error::may_have_happened`] is of the change, which `decide` has then seen. A server without transactions refuses.
    pub fn compute(
        &self,
        key: &[u8],
        mut decide: impl FnMut(Option<&[u8]>) -> Op<Vec<u8>>,
    ) -> Result<Computed, Error> {
        let until = self.shared.settings.until();
        let mut look = call::watch(key);
        let request = Request::named("compute", &mut look);
        // It comes as one that only reads, so over a connection that has been lost meanwhile it is done again.
        let (lease, mut line, values) = self.first(&request, until)?;
        let (watched, value) = look.decode(&mut Replies::new(values, &self.shared.settings));
        watched?;
        let mut value = value?;
        loop {
            let computed = match compute::step(key, value.is_some(), decide(value.as_deref())) {
                Step::Leave(call, computed) => {
                    self.next(&mut line, call, until)??;
                    Some(computed)
                }
                Step::Change(call, computed) => {
                    self.next(&mut line, call, until)??.then_some(computed)
                }
            };
            if let Some(computed) = computed {
                lease.end(line);
                return Ok(computed);
            }
            let (watched, again) = self.next(&mut line, call::watch(key), until)?;
            watched?;
            value = again?;
        }
    }

    /// Replaces the value by what `change` makes of it and keeps the deadline; false if the key is absent. As [`compute`](Self::compute), which it is.
    ///
    /// # Errors
    ///
    /// As those of [`compute`](Self::compute).
    pub fn update(
        &self,
        key: &[u8],
        mut change: impl FnMut(&[u8]) -> Vec<u8>,
    ) -> Result<bool, Error> {
        let decide =
            |value: Option<&[u8]>| value.map_or(Op::Keep, |value| Op::PutKeepTtl(change(value)));
        Ok(self.compute(key, decide)? == Computed::Replaced)
    }

    /// What comes next over the same connection.
    fn next<B: Parts>(
        &self,
        line: &mut Line,
        mut batch: B,
        until: Instant,
    ) -> Result<B::Output, Error> {
        let settings = &self.shared.settings;
        let request = Request::named("compute", &mut batch);
        match line.exchange(&request, until) {
            Ok(values) => Ok(batch.decode(&mut Replies::new(values, settings))),
            // What only looks has done nothing.
            Err(Broken { source, sent }) => {
                Err(settings.broken("compute", source, sent && !request.reads))
            }
        }
    }
}
