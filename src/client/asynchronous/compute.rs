//! Read-modify-write.

use std::sync::PoisonError;
use std::time::Instant;

use super::line::Line;
use super::{AsyncClient, Shared, open};
use crate::client::batch::{Replies, Request, sealed::Parts};
use crate::client::call;
use crate::client::compute::{self, Step};
use crate::client::error::Error;
use crate::kv::{Computed, Op};
use crate::sync::MutexGuard;

/// # Read-modify-write
///
/// For each that runs there is a connection of its own, up to as many as there may be of the others.
impl AsyncClient {
    /// One atomic read-modify-write: see [`Client::compute`](crate::client::Client::compute).
    ///
    /// # Errors
    ///
    /// As those of [`Client::compute`](crate::client::Client::compute).
    pub async fn compute(
        &self,
        key: &[u8],
        decide: impl FnMut(Option<&[u8]>) -> Op<Vec<u8>>,
    ) -> Result<Computed, Error> {
        let shared = &*self.shared;
        let until = shared.settings.until();
        let mut sent = false;
        let computing = shared.compute(key, decide, until, &mut sent);
        let computed = tokio::time::timeout_at(until.into(), computing).await;
        computed.unwrap_or_else(|_| Err(shared.settings.timed_out("compute", sent)))
    }

    /// Replaces the value by what `change` makes of it and keeps the deadline; false if the key is absent. As [`compute`](Self::compute), which it is.
    ///
    /// # Errors
    ///
    /// As those of [`compute`](Self::compute).
    pub async fn update(
        &self,
        key: &[u8],
        mut change: impl FnMut(&[u8]) -> Vec<u8>,
    ) -> Result<bool, Error> {
        let decide =
            |value: Option<&[u8]>| value.map_or(Op::Keep, |value| Op::PutKeepTtl(change(value)));
        Ok(self.compute(key, decide).await? == Computed::Replaced)
    }
}

impl Shared {
    /// In `sent` is whether a change is on its way.
    async fn compute(
        &self,
        key: &[u8],
        mut decide: impl FnMut(Option<&[u8]>) -> Op<Vec<u8>>,
        until: Instant,
        sent: &mut bool,
    ) -> Result<Computed, Error> {
        // Nobody closes it.
        let _permit = self.computing.acquire().await;
        let mut look = call::watch(key);
        let request = Request::named("compute", &mut look);
        let (line, values) = loop {
            let idle = self.spare().pop();
            let was_idle = idle.is_some();
            let line = match idle {
                Some(line) => line,
                None => open(&self.settings, "compute", until).await?,
            };
            match line.exchange(&request).await {
                Ok(values) => break (line, values),
                // Lost since it was last used, and nothing is done yet.
                Err(_) if was_idle => {}
                Err(source) => return Err(self.settings.broken("compute", source, false)),
            }
        };
        let (watched, value) = look.decode(&mut Replies::new(values, &self.settings));
        watched?;
        let mut value = value?;
        loop {
            let computed = match compute::step(key, value.is_some(), decide(value.as_deref())) {
                Step::Leave(call, computed) => {
                    self.next(&line, call).await??;
                    Some(computed)
                }
                Step::Change(call, computed) => {
                    *sent = true;
                    let is_done = self.next(&line, call).await??;
                    *sent = false;
                    is_done.then_some(computed)
                }
            };
            if let Some(computed) = computed {
                self.spare().push(line);
                return Ok(computed);
            }
            let (watched, again) = self.next(&line, call::watch(key)).await?;
            watched?;
            value = again?;
        }
    }

    fn spare(&self) -> MutexGuard<'_, Vec<Line>> {
        // Nothing in here panics half-way.
        self.spare.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What comes next over the same connection.
    async fn next<B: Parts>(&self, line: &Line, mut batch: B) -> Result<B::Output, Error> {
        let request = Request::named("compute", &mut batch);
        match line.exchange(&request).await {
            Ok(values) => Ok(batch.decode(&mut Replies::new(values, &self.settings))),
            // What only looks has done nothing.
            Err(source) => Err(self.settings.broken("compute", source, !request.reads)),
        }
    }
}
